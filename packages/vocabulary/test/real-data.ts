import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The folder of real tokenizers and texts, or undefined where it is not there; in CI it must be. */
export const realData: string | undefined = find();

function find(): string | undefined {
  const folder =
    process.env.REVOCAB_REAL_DATA ?? fileURLToPath(new URL("../../../../shared/data", import.meta.url));
  if (existsSync(folder)) return folder;
  if (process.env.CI === "true") throw new Error(`real data not found at ${folder}: set REVOCAB_REAL_DATA`);
  console.warn(`skipping real-data tests: nothing at ${folder} (set REVOCAB_REAL_DATA)`);
  return undefined;
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
