// A model's own tokenizer with more tokens: a domain's words, a control token, pieces learned from a text.
//   node examples/extend-vocabulary.mjs [OUT]
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCheckpoint } from "@revocab/checkpoint";
import { initializeRows, mean, subtokenMean, withFallback } from "@revocab/embedding-init";
import { editVocabulary } from "@revocab/transfer";
import { loadTokenizer } from "@revocab/vocabulary";
import { extendTokenizer } from "@revocab/vocabulary-editing";

// One new token: the tokenizer that has it, and its row. No file is written.
const tokenizer = await loadTokenizer("sample/model");
const { tokenizer: extended, added } = await extendTokenizer(tokenizer, { pieces: [" marmalade"] });
const checkpoint = await openCheckpoint("sample/model");
const [{ matrix }] = checkpoint.tables;
const rows = await initializeRows({
  source: { embeddings: matrix, vocabulary: tokenizer.vocabulary },
  target: { vocabulary: extended.vocabulary },
  tokens: Uint32Array.of(added[0].id),
  method: withFallback(subtokenMean(), mean()),
});
await checkpoint.close();
console.log(`${added[0].token} is token ${added[0].id}, with a row of ${rows.columns} values`);
console.log(
  `" marmalade" was ${(await tokenizer.encode(" marmalade")).length} tokens, and is ${(await extended.encode(" marmalade")).length}`,
);

// A domain's words, a control token and 20 learned pieces, in one pass over the model.
const out = process.argv[2] ?? join(mkdtempSync(join(tmpdir(), "revocab-")), "extended");
const report = await editVocabulary({
  model: "sample/model",
  pieces: [" marmalade", " trampoline"],
  addedTokens: ["<|tool|>"],
  learn: { corpus: readFileSync("sample/stories.txt", "utf8").split("\n").filter(Boolean), count: 20 },
  method: subtokenMean(),
  out,
});
const { pieces, steps, addedTokens } = report.edit;
console.log(`${pieces} pieces, ${steps} steps to them, ${addedTokens} added token; written to ${out}`);
