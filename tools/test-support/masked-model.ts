import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A masked model of random weights, without a tokenizer. */
export const MASKED_MODEL = fileURLToPath(
  new URL("../../packages/checkpoint/test/fixtures/models/bert", import.meta.url),
);

/** Writes a masked model of random weights with a tokenizer of single letters, all of whose ids it has rows for. */
export function writeMaskedModel(folder: string): void {
  cpSync(MASKED_MODEL, folder, { recursive: true });
  const specials = { "[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4 };
  const letters = Array.from("abcdefghijklmnopqrstuvwxyz", (letter, i) => [letter, 5 + i]);
  const flags = { special: true, single_word: false, lstrip: false, rstrip: false, normalized: false };
  const json = {
    version: "1.0",
    added_tokens: Object.entries(specials).map(([content, id]) => ({ id, content, ...flags })),
    normalizer: { type: "Lowercase" },
    pre_tokenizer: { type: "Split", pattern: { Regex: "." }, behavior: "Isolated", invert: false },
    model: {
      type: "WordLevel",
      vocab: { ...specials, ...Object.fromEntries(letters) },
      unk_token: "[UNK]",
    },
  };
  const roles = { pad: "[PAD]", unk: "[UNK]", cls: "[CLS]", sep: "[SEP]", mask: "[MASK]" };
  const config = {
    tokenizer_class: "PreTrainedTokenizerFast",
    ...Object.fromEntries(Object.entries(roles).map(([role, token]) => [`${role}_token`, token])),
  };
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(json));
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify(config));
}
