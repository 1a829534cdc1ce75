import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of real tokenizers, models and texts, which is no part of the repository; undefined where it is not there. */
export const realData = findRealData();

/** @throws Error in CI, where the tests on real data must run */
function findRealData(): string | undefined {
  const beside = fileURLToPath(new URL("../../../shared/data", import.meta.url));
  const folder = process.env.REVOCAB_REAL_DATA ?? beside;
  if (existsSync(join(folder, "tokenizers"))) return folder;
  const message = `no real data at ${folder}: set REVOCAB_REAL_DATA to the folder that has tokenizers/ and models/`;
  if (process.env.CI === "true") throw new Error(message);
  console.warn(`skipping the tests on real data: ${message}`);
  return undefined;
}

/**
 * Lines of the real texts, of the first `characters` of each. For hooks and tests: while tests are collected there may be no
 * real data.
 */
export function realLines(texts: readonly string[], characters: number): string[] {
  return texts.flatMap((name) =>
    readFileSync(join(realData!, `text/${name}.txt`), "utf8")
      .slice(0, characters)
      .split("\n")
      .filter(Boolean),
  );
}

/** Every tokenizer of the real data. */
export const REAL_TOKENIZERS = [
  "models/shakespeare-char",
  "models/stories260k",
  "tokenizers/bert-cased",
  "tokenizers/de-bpe-50k",
  "tokenizers/de-unigram-50k",
  "tokenizers/gpt2",
  "tokenizers/llama-2",
  "tokenizers/mistral-v0.1",
  "tokenizers/phi-3",
  "tokenizers/pythia",
  "tokenizers/qwen2",
  "tokenizers/roberta-base",
  "tokenizers/sentencepiece/en-1000.model",
  "tokenizers/sentencepiece/ja-8000.model",
  "tokenizers/sentencepiece/tinystories-4000.model",
  "tokenizers/sw-unigram-50k",
  "tokenizers/t5-small",
  "tokenizers/tinystories-bpe-1024",
] as const;
export type RealTokenizer = (typeof REAL_TOKENIZERS)[number];
