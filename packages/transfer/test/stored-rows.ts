import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Checkpoint } from "@revocab/checkpoint";
import { BYTES_PER_VALUE, type StoredDtype } from "@revocab/core";
import { decodeInto } from "@revocab/matrix";

/** A whole table in memory: as it is stored, and as numbers. */
export interface StoredRows {
  readonly rows: number;
  readonly columns: number;
  readonly dtype: StoredDtype;
  readonly bytes: Buffer;
  readonly values: Float32Array;
}

export async function readTable(checkpoint: Checkpoint, slot: string): Promise<StoredRows> {
  const table = checkpoint.tables.find((candidate) => candidate.slot === slot);
  if (!table) throw new Error(`${checkpoint.directory} has no table ${slot}`);
  const { rows, columns, dtype } = table.matrix;
  const bytes = Buffer.alloc(rows * columns * BYTES_PER_VALUE[dtype]);
  await table.matrix.readRows(0, rows, bytes);
  const values = new Float32Array(rows * columns);
  decodeInto(dtype, bytes, values);
  return { rows, columns, dtype, bytes, values };
}

/** dtype, shape and sha256 of every tensor without a vocabulary dimension, by name. */
export function otherTensors({ files, tables }: Checkpoint): Record<string, string> {
  const taken = new Set(tables.flatMap(({ tensors }) => tensors.map(({ entry }) => entry.name)));
  const found: Record<string, string> = {};
  for (const { path, tensors } of files) {
    const content = readFileSync(path);
    for (const { name, dtype, shape, start, end } of tensors) {
      if (taken.has(name)) continue;
      const mark = createHash("sha256").update(content.subarray(start, end)).digest("hex");
      found[name] = `${dtype} [${shape}] ${mark}`;
    }
  }
  return found;
}
