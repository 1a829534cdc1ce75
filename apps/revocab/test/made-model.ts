import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomStream } from "@revocab/matrix";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { type NewTensor, writeTensors } from "./safetensors.ts";

export const INPUT = "model.embed_tokens.weight";
export const HEAD = "lm_head.weight";
/** Ids of the sample's tokenizer. */
export const TOKENS = 3000;

export interface MadeModel {
  readonly tensors: readonly NewTensor[];
  /** The tokenizer's folder; undefined for a model without one. @default that of the sample */
  readonly tokenizer?: string | undefined;
}

/** A folder with the config of the sample model and no weights but tables, the first as wide as the model. It is tied unless it has a head. */
export function makeModel(folder: string, { tensors, ...made }: MadeModel): string {
  const [rows = 0, width = 0] = tensors[0]?.shape ?? [];
  const config = {
    ...JSON.parse(readFileSync(join(SAMPLE_MODEL, "config.json"), "utf8")),
    vocab_size: rows,
    hidden_size: width,
    tie_word_embeddings: tensors.every(({ name }) => name !== HEAD),
  };
  mkdirSync(folder, { recursive: true });
  const tokenizer = "tokenizer" in made ? made.tokenizer : SAMPLE_TOKENIZER;
  if (tokenizer !== undefined) cpSync(tokenizer, folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  writeTensors(join(folder, "model.safetensors"), tensors);
  return folder;
}

/** [rows × columns] of normal numbers, but for what `edit` changes. */
export function randomTable(
  name: string,
  [rows, columns]: readonly [number, number],
  edit: (data: Float32Array) => void = () => {},
): NewTensor {
  const { normal } = randomStream(rows, columns + name.length);
  const data = Float32Array.from({ length: rows * columns }, normal);
  edit(data);
  return { name, dtype: "F32", shape: [rows, columns], bytes: Buffer.from(data.buffer) };
}

/** A tensor of zeros of any dtype. */
export function zeros(name: string, dtype: string, shape: number[], bytesPerValue: number): NewTensor {
  return { name, dtype, shape, bytes: Buffer.alloc(shape.reduce((a, b) => a * b) * bytesPerValue) };
}
