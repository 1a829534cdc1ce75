import { createHash } from "node:crypto";
import { type Job, throwIfAborted } from "@revocab/core";
import { openFile } from "@revocab/files";
import { readExactly } from "./file-source.ts";
import type { Checkpoint } from "./open-checkpoint.ts";
import type { TensorEntry } from "./safetensors-header.ts";

/** A tensor without a row per token. */
export type Layer = TensorEntry & { readonly path: string };

/** All tensors of a model but its vocabulary tables, by name. */
export function layersOf({ files, tables }: Checkpoint): ReadonlyMap<string, Layer> {
  const taken = new Set(tables.flatMap(({ tensors }) => tensors.map(({ entry }) => entry.name)));
  const all = files.flatMap(({ path, tensors }) => tensors.map((tensor) => ({ ...tensor, path })));
  return new Map(all.filter(({ name }) => !taken.has(name)).map((layer) => [layer.name, layer]));
}

/** Layers of so many bytes are read whole: a second of reading and hashing, about. */
const WHOLE_BYTES = 256 * 2 ** 20;

/** Whether so few bytes are in layers that {@link hashLayer} reads all of them. */
export function areHashedWhole(layers: ReadonlyMap<string, Layer>): boolean {
  let bytes = 0;
  for (const { start, end } of layers.values()) bytes += end - start;
  return bytes <= WHOLE_BYTES;
}

/**
 * sha256 in hex of a layer's bytes, or of a sample: 16 pieces of 4 kB at equal distances, of which the first begins the tensor and
 * the last ends it. A tensor of up to 64 kB is in the sample whole. What differs between the pieces alone is not seen; training
 * changes nearly every value of a tensor, and a merged adapter does, too.
 */
export async function hashLayer(
  { path, start, end }: Layer,
  { isWhole, job }: { readonly isWhole: boolean; readonly job?: Pick<Job, "abortSignal"> },
): Promise<string> {
  const hash = createHash("sha256");
  const handle = await openFile(path);
  try {
    for (const { from, length } of isWhole ? blocksOf(start, end) : sampleOf(start, end)) {
      throwIfAborted(job?.abortSignal);
      const bytes = Buffer.allocUnsafe(length);
      await readExactly(handle, bytes, from, path);
      hash.update(bytes);
    }
  } finally {
    await handle.close();
  }
  return hash.digest("hex");
}

interface Piece {
  readonly from: number;
  readonly length: number;
}

const BLOCK_BYTES = 2 ** 22;
const PIECES = 16;
const PIECE_BYTES = 4096;

function blocksOf(start: number, end: number): Piece[] {
  const count = Math.ceil((end - start) / BLOCK_BYTES);
  return Array.from({ length: count }, (_, i) => {
    const from = start + i * BLOCK_BYTES;
    return { from, length: Math.min(BLOCK_BYTES, end - from) };
  });
}

function sampleOf(start: number, end: number): Piece[] {
  if (end - start <= PIECES * PIECE_BYTES) return blocksOf(start, end);
  const last = end - PIECE_BYTES;
  return Array.from({ length: PIECES }, (_, i) => {
    const from = start + Math.floor(((last - start) * i) / (PIECES - 1));
    return { from, length: PIECE_BYTES };
  });
}
