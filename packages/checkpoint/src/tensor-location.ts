import { BYTES_PER_VALUE, RevocabError, type StoredDtype, type StoredMatrix, showText } from "@revocab/core";
import type { ConfigFacts } from "./config-facts.ts";
import type { FilePool } from "./file-source.ts";
import type { SafetensorsFile, TensorEntry } from "./safetensors-header.ts";

export interface FindTablesOptions {
  readonly directory: string;
  readonly files: readonly SafetensorsFile[];
  readonly facts: ConfigFacts;
  readonly pool: FilePool;
  /** Slots of tensors that the architecture data does not know, by tensor name. */
  readonly vocabularyTensors: Readonly<Record<string, string>>;
  /** Tensors that have a dimension of the vocabulary's size by chance. */
  readonly ignoreTensors: readonly string[];
}

/** Where a tensor is. */
export interface PlacedTensor {
  readonly file: SafetensorsFile;
  readonly entry: TensorEntry;
}

/** A tensor with a vocabulary dimension, and where it is. */
export interface TensorLocation {
  readonly file: SafetensorsFile;
  readonly entry: TensorEntry;
  /** Which dimension counts the vocabulary: 0, or 1 for a bias stored as [1, V]. */
  readonly axis: number;
  readonly dtype: StoredDtype;
  readonly rows: number;
  readonly columns: number;
}

/**
 * Takes a tensor as one of [V × d], [V] or [1 × V].
 * @throws RevocabError `unsupported_dtype` (quantised, f64, …), `unsupported_checkpoint` (another shape).
 */
export function locateTensor(file: SafetensorsFile, entry: TensorEntry): TensorLocation {
  const { dtype, name, shape } = entry;
  if (!isStoredDtype(dtype)) throw unsupportedDtype(file, entry);
  const axis = shape.length === 2 && shape[0] === 1 ? 1 : 0;
  const rows = shape[axis] ?? 0;
  if (shape.length < 1 || shape.length > 2 || rows === 0 || (axis === 0 && shape[1] === 0)) {
    throw new RevocabError(
      "unsupported_checkpoint",
      `${showText(file.path)} holds ${showText(name, 200)} with the shape [${showText(String(shape), 200)}]; [rows, columns] or [rows] was expected`,
      {
        hint: `if this tensor has no row per token, pass \`ignoreTensors: ${showText(name, 200)}\``,
      },
    );
  }
  return { file, entry, axis, dtype, rows, columns: axis === 1 ? 1 : (shape[1] ?? 1) };
}

/** What is said of a table whose numbers are not read. */
export function unsupportedDtype(
  { path }: SafetensorsFile,
  { dtype, name, shape }: TensorEntry,
): RevocabError {
  return new RevocabError(
    "unsupported_dtype",
    `${showText(path)} holds ${showText(name, 200)} as ${dtype} [${showText(String(shape), 200)}]; tables with a row per token must be F32, F16 or BF16`,
    { hint: "the embeddings are quantised or in a rare format: use the model as it was before, in bf16" },
  );
}

export function isStoredDtype(dtype: string): dtype is StoredDtype {
  return dtype === "F32" || dtype === "F16" || dtype === "BF16";
}

/** The tensor as a matrix read from its file, block by block. */
export function storedTensor(pool: FilePool, location: TensorLocation): StoredMatrix {
  const { file, entry, rows, columns, dtype } = location;
  const rowBytes = columns * BYTES_PER_VALUE[dtype];
  return {
    rows,
    columns,
    dtype,
    readRows: async (start, count, into) => {
      if (start < 0 || count < 0 || start + count > rows || into.length !== count * rowBytes) {
        throw new RangeError(`rows ${start} … ${start + count} of ${rows} into ${into.length} bytes`);
      }
      await pool.read(file.path, into, entry.start + start * rowBytes);
    },
  };
}

const BLOCK_BYTES = 8 << 20;

/** True when two tensors hold the same bytes; reads both, 8 MB at a time. */
export async function sameBytes(pool: FilePool, a: TensorLocation, b: TensorLocation): Promise<boolean> {
  const length = a.entry.end - a.entry.start;
  if (a.dtype !== b.dtype || length !== b.entry.end - b.entry.start) return false;
  const left = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, length));
  const right = Buffer.allocUnsafe(left.length);
  for (let done = 0; done < length; done += left.length) {
    const size = Math.min(left.length, length - done);
    await Promise.all([
      pool.read(a.file.path, left.subarray(0, size), a.entry.start + done),
      pool.read(b.file.path, right.subarray(0, size), b.entry.start + done),
    ]);
    if (left.compare(right, 0, size, 0, size) !== 0) return false;
  }
  return true;
}
