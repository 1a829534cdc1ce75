import { BYTES_PER_VALUE, type Matrix, type StoredMatrix } from "@revocab/core";
import { decodeInto } from "./codecs.ts";
import { type MultiplyMixtureOptions, multiplyMixture, type ProductBlock } from "./multiply-mixture.ts";
import { matrixOfBytes } from "./stored-matrix.ts";

export type MixtureRowsOptions = Omit<MultiplyMixtureOptions, "onBlock">;

/**
 * W [n × (V + x)] · [E [V × d]; X [x × d]] → [n × d] in memory, as f32. The values are those of E's dtype: they are what a
 * rewritten model would hold.
 * @throws RevocabError as `multiplyMixture` does
 */
export async function mixtureRows(options: MixtureRowsOptions): Promise<Matrix> {
  const { columns, dtype } = options.source;
  const rows = options.mixture.offsets.length - 1;
  const data = new Float32Array(rows * columns);
  const place = (bytes: Uint8Array, at: number, count: number) =>
    decodeInto(dtype, bytes, data.subarray(at, at + count));
  await multiplyMixture({ ...options, onBlock: (block) => forEachRow(block, columns, place) });
  return { rows, columns, data };
}

/**
 * The same rows in the bytes that they are stored in, which take half the memory of f32 where E is bf16 or f16.
 * @throws RevocabError as `multiplyMixture` does
 */
export function storedMixtureRows(options: MixtureRowsOptions): Promise<MatrixInMemory> {
  const { columns, dtype } = options.source;
  const rows = options.mixture.offsets.length - 1;
  return collectBlocks({ rows, columns, dtype }, (onBlock) => multiplyMixture({ ...options, onBlock }));
}

export type MatrixInMemory = StoredMatrix & { readonly bytes: Uint8Array };

/** The matrix that `produce` delivers in blocks, held in memory as stored. Values that no block holds are zeros. */
export async function collectBlocks(
  shape: Pick<StoredMatrix, "rows" | "columns" | "dtype">,
  produce: (onBlock: (block: ProductBlock) => Promise<void>) => Promise<void>,
): Promise<MatrixInMemory> {
  const { rows, columns, dtype } = shape;
  const size = BYTES_PER_VALUE[dtype];
  const bytes = new Uint8Array(rows * columns * size);
  await produce(async (block) => forEachRow(block, columns, (row, at) => bytes.set(row, at * size)));
  return { ...matrixOfBytes(shape, bytes), bytes };
}

/** @param place gets a row's part of the block, where it belongs among all values of the product, and its length there */
function forEachRow(
  { startRow, rows, startColumn, columns, bytes }: ProductBlock,
  productColumns: number,
  place: (bytes: Uint8Array, at: number, count: number) => void,
): void {
  const rowBytes = bytes.length / rows;
  for (let row = 0; row < rows; row++) {
    const at = (startRow + row) * productColumns + startColumn;
    place(bytes.subarray(row * rowBytes, (row + 1) * rowBytes), at, columns);
  }
}
