import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chainRuleEntry } from "@revocab/chain-rule";
import { openCheckpoint } from "@revocab/checkpoint";
import { METHODS, methodCandidates, methodNamed, subtokenMean } from "@revocab/embedding-init";
import type { BitsPerByte } from "@revocab/evaluation";
import {
  compareMethods,
  type DynamicScoringOptions,
  evaluateDynamic,
  evaluateMixture,
  evaluateModel,
  generateText,
} from "@revocab/measure";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT } from "@revocab/test-support/sample";
import { swapTokenizer } from "@revocab/transfer";
import { languageModel, openTransformer, tablesOf } from "@revocab/transformer-runtime";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

const scratch = scratchFolders();

const SPECIALS = { t5: ["<pad>", "</s>", "<unk>"], bart: ["<s>", "<pad>", "</s>", "<unk>"] } as const;
const LETTERS = "abcdefghijklmnopqrstuvwxyz .,";
type Name = keyof typeof SPECIALS;
/** What the tokenizer puts around a text. */
const FRAME = { t5: ["$A", "</s>"], bart: ["<s>", "$A", "</s>"] } as const;

/** A tiny random model (`tools/oracle/transformer-fixtures.py`) with a tokenizer of single letters. */
function model(name: Name): string {
  const folder = join(scratch(), name);
  const fixtures = new URL("../../transformer-runtime/test/fixtures/models/", import.meta.url);
  cpSync(join(fileURLToPath(fixtures), name), folder, { recursive: true });
  writeTokenizer(folder, name);
  return folder;
}

function writeTokenizer(folder: string, name: Name, letters = LETTERS) {
  const entries = [...SPECIALS[name], ...letters].map((token, id) => [token, id] as const);
  const vocab = Object.fromEntries(entries);
  const flags = { special: true, single_word: false, lstrip: false, rstrip: false, normalized: false };
  const item = (id: string) =>
    id === "$A" ? { Sequence: { id: "A", type_id: 0 } } : { SpecialToken: { id, type_id: 0 } };
  const around = FRAME[name].filter((token) => token !== "$A");
  const json = {
    version: "1.0",
    added_tokens: SPECIALS[name].map((content) => ({ id: vocab[content], content, ...flags })),
    pre_tokenizer: { type: "Split", pattern: { Regex: "." }, behavior: "Isolated", invert: false },
    post_processor: {
      type: "TemplateProcessing",
      single: FRAME[name].map(item),
      pair: [...FRAME[name].map(item), { Sequence: { id: "B", type_id: 0 } }, item("</s>")],
      special_tokens: Object.fromEntries(around.map((id) => [id, { id, ids: [vocab[id]], tokens: [id] }])),
    },
    model: { type: "WordLevel", vocab, unk_token: "<unk>" },
  };
  const roles = { pad: "<pad>", eos: "</s>", unk: "<unk>", ...(name === "bart" && { bos: "<s>" }) };
  const config = {
    tokenizer_class: "PreTrainedTokenizerFast",
    ...Object.fromEntries(Object.entries(roles).map(([role, token]) => [`${role}_token`, token])),
  };
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(json));
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify(config));
}

function textFile(content: string): string {
  const path = join(scratch(), "text.txt");
  writeFileSync(path, content);
  return path;
}

const TEXT = "once upon a time there was a king.\n\nhe had a hat, and it was red.";
const SOURCE = "a tale of kings";

/** By `python tools/oracle/bits_per_byte.py FOLDER --text FILE --max-bytes 1000 --context 20 --source SOURCE`. */
const REFERENCE = {
  t5: { begin: "<pad>", none: 6.0565425, sourced: 6.0146076 },
  bart: { begin: "</s><s>", none: 8.7840203, sourced: 8.1815818 },
};

async function score(options: Parameters<typeof evaluateModel>[0]) {
  const evaluation = await evaluateModel(options);
  if (evaluation.kind !== "bits-per-byte") throw new Error("scored as a masked model");
  return evaluation;
}

describe.each(["t5", "bart"] as const)("a model like %s", (name) => {
  const { begin, none, sourced } = REFERENCE[name];

  it("is scored as the reference library scores it, with and without a source", async () => {
    const options = { model: model(name), text: textFile(TEXT), context: 20 };
    const without = await score(options);
    expect(without).toMatchObject({ documents: 2, tokens: 63, scoredTokens: 63, bos: begin });
    expect(without.bitsPerByte).toBeCloseTo(none, 5);
    expect((await score({ ...options, source: SOURCE })).bitsPerByte).toBeCloseTo(sourced, 5);
    const wide = { ...options, context: 40, source: SOURCE };
    const { byteLevel } = await evaluateModel({ ...wide, byteLevel: true });
    expect(byteLevel?.tokenBitsPerByte).toBeCloseTo((await score(wide)).bitsPerByte, 4);
  });

  it("is scored in merged tokens beside a source, and has no prompts", async () => {
    const options = { model: model(name), text: textFile(TEXT), source: SOURCE };
    const rows = { method: subtokenMean({ weighting: "uniform" }) };
    const merged: DynamicScoringOptions = { ...options, rows, boundaries: "none", degrees: [{ merges: 4 }] };
    const { own, reduced } = await evaluateDynamic(merged);
    const { bitsPerByte } = await score(options);
    expect(own).toMatchObject({ bitsPerByte, tokens: 63 });
    expect(reduced[0].evaluation.tokens).toBeLessThan(63);
    await expect(evaluateDynamic({ ...merged, prefill: true })).rejects.toThrow(
      "reads its source in an encoder",
    );
  });

  it("votes with its source beside a model that has no encoder to read it", async () => {
    const options = { model: model(name), text: textFile(TEXT), source: SOURCE };
    const { byteLevel } = await evaluateModel({ ...options, byteLevel: true });
    const { members, notes } = await evaluateMixture({ ...options, with: [SAMPLE_MODEL] });
    expect(members[0].bitsPerByte).toBeCloseTo(byteLevel!.bitsPerByte, 4);
    expect(notes).toEqual([]);
  });

  it("continues a text beside a source with what the whole of it makes most probable", async () => {
    const folder = model(name);
    const { tokens } = await generateText({ model: folder, prompt: "once", source: SOURCE, maxTokens: 3 });
    const ids = await idsOf(folder);
    const checkpoint = await openCheckpoint(folder);
    const transformer = await openTransformer(checkpoint);
    const tables = { ...tablesOf(checkpoint), source: ids(SOURCE, FRAME[name]) };
    const beside = languageModel(transformer, tables);
    const start = ids("once", name === "t5" ? ["<pad>", "$A"] : ["</s>", "<s>", "$A"]);
    const text = Uint32Array.from([...start, ...tokens]);
    const positions = Uint32Array.from(tokens, (_, i) => start.length - 1 + i);
    const V = beside.vocabularySize;
    const [logits] = await beside.logits([{ tokens: text, positions }]);
    for (const [i, token] of tokens.entries()) {
      // rows behind the tokenizer's tokens, and specials, are not drawn
      const own = logits.subarray(i * V, (i + 1) * V);
      const letters = Array.from(own.subarray(SPECIALS[name].length, SPECIALS[name].length + LETTERS.length));
      expect(own[token]).toBe(Math.max(...letters));
    }
    await beside.close();
    await transformer.close();
    await checkpoint.close();
  });

  it("is not trained: a comparison after training is refused before any method is tried", async () => {
    const steps: string[] = [];
    const folder = model(name);
    const comparison = compareMethods({
      model: folder,
      tokenizer: folder,
      text: textFile(Array(200).fill(TEXT).join("\n\n")),
      after: 1,
      choice: methodCandidates(["mean", "random"], {}, METHODS),
      job: { onProgress: ({ step }) => steps.push(step) },
    });
    await expect(comparison).rejects.toMatchObject({
      code: "unsupported_architecture",
      message: expect.stringContaining("has an encoder"),
    });
    expect(steps.filter((step) => /^(mean|random):/.test(step))).toEqual([]);
  });

  it("scores the methods of a comparison as their swaps are scored", async () => {
    const tokenizer = join(scratch(), "target");
    mkdirSync(tokenizer);
    writeTokenizer(tokenizer, name, "zyxwvutsrqponmlkjihgfedcba ,.!");
    const text = textFile(TEXT);
    const source = model(name);
    const options = { text, context: 20, source: SOURCE };
    const { methods } = await compareMethods({
      ...options,
      model: source,
      tokenizer,
      choice: methodCandidates(["mean"], {}, METHODS),
    });
    const out = join(scratch(), "out");
    const method = methodNamed("mean", {}, METHODS);
    const { evaluation } = await swapTokenizer({ model: source, tokenizer, method, out, evaluate: options });
    const written = await score({ ...options, model: out });
    expect(written.bos).toBe(begin);
    for (const { bitsPerByte } of [methods[0].evaluation, evaluation?.after] as Partial<BitsPerByte>[]) {
      expect(bitsPerByte).toBe(written.bitsPerByte);
    }
  });
});

it("a method that runs the model is left out of a comparison, with the reason", async () => {
  const tokenizer = model("bart");
  const comparing = compareMethods({
    model: model("bart"),
    tokenizer,
    text: textFile(TEXT),
    untie: true,
    choice: methodCandidates(["chain-rule"], { written: 0 }, { "chain-rule": chainRuleEntry }),
  });
  await expect(comparing).rejects.toMatchObject({
    code: "bad_options",
    message: expect.stringContaining(
      "is an encoder–decoder model; methods that run the model need a decoder alone",
    ),
  });
});

it("a target tokenizer without the token that the decoder begins with is refused by name", async () => {
  const tokenizer = join(scratch(), "target");
  mkdirSync(tokenizer);
  writeTokenizer(tokenizer, "t5");
  const file = join(tokenizer, "tokenizer.json");
  writeFileSync(file, readFileSync(file, "utf8").replaceAll('"<pad>"', '"#"'));
  const config = join(tokenizer, "tokenizer_config.json");
  writeFileSync(config, readFileSync(config, "utf8").replace('"pad_token":"<pad>",', ""));
  const comparing = compareMethods({
    model: model("t5"),
    tokenizer,
    text: textFile(TEXT),
    choice: methodCandidates(["mean"], {}, METHODS),
  });
  await expect(comparing).rejects.toMatchObject({
    code: "token_id_unmapped",
    message: expect.stringContaining("begins every text with <pad>"),
    hint: "add it with `specials: <pad>`",
  });
});

it("a source for a model without an encoder is refused", async () => {
  const options = { model: SAMPLE_MODEL, source: SOURCE };
  const refused = { code: "bad_options", message: expect.stringContaining("has no encoder to read it") };
  await expect(evaluateModel({ ...options, text: SAMPLE_TEXT })).rejects.toMatchObject(refused);
  await expect(generateText({ ...options, prompt: "once" })).rejects.toMatchObject(refused);
  const voting = { ...options, with: [SAMPLE_MODEL] };
  await expect(evaluateMixture({ ...voting, text: SAMPLE_TEXT })).rejects.toMatchObject(refused);
});

it("bytes that no model predicts, for want of a BOS, are told", async () => {
  const { bytes, predictedBytes, notes } = await evaluateMixture({
    ...{ model: SAMPLE_MODEL, with: [SAMPLE_MODEL], bos: "never" },
    text: textFile("Once upon"),
  });
  expect([bytes, predictedBytes]).toEqual([9, 5]);
  expect(notes).toEqual([expect.stringMatching(/^4 of 9 bytes \(44\.4 %\) begin a document/)]);
});

/** A text in ids, with specials around it. */
async function idsOf(folder: string) {
  const { vocabulary, encode } = await loadTokenizer(folder);
  const texts = new Map<string, Uint32Array>();
  for (const text of [SOURCE, "once"]) texts.set(text, await encode(text));
  return (text: string, frame: readonly string[]) =>
    Uint32Array.from(
      frame.flatMap((item) =>
        item === "$A" ? [...(texts.get(text) ?? [])] : [vocabulary.idOfSpecial(item) ?? Number.NaN],
      ),
    );
}
