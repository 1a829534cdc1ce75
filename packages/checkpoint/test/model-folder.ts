import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Checkpoint, ProduceTable } from "@revocab/checkpoint";
import { afterAll } from "vitest";

export const FIXTURES = join(import.meta.dirname, "fixtures/models");

export interface TestTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is removed after the test file that asked for it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "revocab-checkpoint-"));
  made.push(folder);
  return folder;
}

/** A tensor of f32 values i · 0.001 + offset. */
export function floats(name: string, shape: readonly number[], offset = 0): TestTensor {
  const values = Float32Array.from(
    { length: shape.reduce((a, b) => a * b, 1) },
    (_, i) => i * 0.001 + offset,
  );
  return { name, dtype: "F32", shape, bytes: new Uint8Array(values.buffer) };
}

/** A safetensors file of any header, right or wrong; the length word may lie. */
export function safetensors(header: string, data: Uint8Array, length?: bigint): Uint8Array {
  const json = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + json.length + data.length);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  file.set(json, 8);
  file.set(data, 8 + json.length);
  return file;
}

export function safetensorsOf(tensors: readonly TestTensor[], metadata?: Record<string, string>): Uint8Array {
  let position = 0;
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata };
  for (const { name, dtype, shape, bytes } of tensors) {
    header[name] = { dtype, shape, data_offsets: [position, position + bytes.length] };
    position += bytes.length;
  }
  return safetensors(JSON.stringify(header), Buffer.concat(tensors.map((tensor) => tensor.bytes)));
}

export const LLAMA_CONFIG = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_size: 4,
  vocab_size: 10,
  tie_word_embeddings: false,
};

export const LLAMA_TENSORS: readonly TestTensor[] = [
  floats("lm_head.weight", [10, 4], 1),
  floats("model.embed_tokens.weight", [10, 4]),
  floats("model.layers.0.mlp.up_proj.weight", [6, 4], 2),
  floats("model.norm.weight", [4], 3),
];

/** A model folder of one weight file. */
export function modelFolder(
  tensors: readonly TestTensor[] = LLAMA_TENSORS,
  config: Readonly<Record<string, unknown>> = LLAMA_CONFIG,
): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "config.json"), JSON.stringify(config, undefined, 2));
  writeFileSync(join(folder, "model.safetensors"), safetensorsOf(tensors));
  return folder;
}

/** A model folder of several weight files. */
export function shardedFolder(
  shards: Readonly<Record<string, readonly TestTensor[]>>,
  weightMap: Readonly<Record<string, string>> = Object.fromEntries(
    Object.entries(shards).flatMap(([file, tensors]) => tensors.map((tensor) => [tensor.name, file])),
  ),
): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "config.json"), JSON.stringify(LLAMA_CONFIG));
  for (const [file, tensors] of Object.entries(shards))
    writeFileSync(join(folder, file), safetensorsOf(tensors));
  const index = { metadata: { total_size: 1 }, weight_map: weightMap };
  writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify(index));
  return folder;
}

/** Row t of every new table is row `sourceRow(t)` of the old one, delivered in blocks of `blockRows`. */
export function produceFrom(
  checkpoint: Checkpoint,
  rows: number,
  sourceRow: (row: number) => number,
  blockRows = 5,
): ProduceTable {
  return async ({ slot }, write) => {
    const named = checkpoint.tables.find((table) => table.slot === slot);
    const { matrix } = named ?? checkpoint.tables.find((table) => table.slot === "input")!;
    const rowBytes = matrix.columns * (matrix.dtype === "F32" ? 4 : 2);
    for (let startRow = 0; startRow < rows; startRow += blockRows) {
      const count = Math.min(blockRows, rows - startRow);
      const bytes = new Uint8Array(count * rowBytes);
      for (let i = 0; i < count; i++) {
        await matrix.readRows(sourceRow(startRow + i), 1, bytes.subarray(i * rowBytes, (i + 1) * rowBytes));
      }
      await write({ startRow, rows: count, startColumn: 0, columns: matrix.columns, bytes });
    }
  };
}

/** Every file of a folder with its bytes, for "the input is untouched". */
export async function folderBytes(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  const entries = names.map(
    async (name) => [name, (await readFile(join(folder, name))).toString("base64")] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}
