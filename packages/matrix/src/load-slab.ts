import { BYTES_PER_VALUE, type Matrix, type StoredMatrix, throwIfAborted } from "@revocab/core";
import type { ReferencedRows } from "./referenced-rows.ts";

/** Columns [start, start + count) of the source matrix. */
export interface ColumnSlab {
  readonly start: number;
  readonly count: number;
}

/** Reads the referenced rows of one slab into `table`, [rows × slab.count], in pieces of about 16 MiB. */
export async function loadSlab(
  source: StoredMatrix,
  { stretches }: ReferencedRows,
  slab: ColumnSlab,
  table: Uint8Array,
  abortSignal: AbortSignal | undefined,
): Promise<void> {
  const size = BYTES_PER_VALUE[source.dtype];
  const rowBytes = source.columns * size;
  const slabBytes = slab.count * size;
  const pieceRows = Math.max(1, Math.floor(PIECE_BYTES / Math.max(1, rowBytes)));
  const isWhole = slab.count === source.columns;
  const longest = stretches.reduce((most, { count }) => Math.max(most, count), 0);
  const piece = isWhole ? undefined : new Uint8Array(Math.min(pieceRows, longest) * rowBytes);
  let at = 0;
  for (const { start, count } of stretches) {
    for (let row = 0; row < count; row += pieceRows) {
      throwIfAborted(abortSignal);
      const rows = Math.min(pieceRows, count - row);
      const target = table.subarray(at, at + rows * slabBytes);
      if (piece === undefined) {
        await source.readRows(start + row, rows, target);
      } else {
        await source.readRows(start + row, rows, piece.subarray(0, rows * rowBytes));
        copyColumns(piece, rowBytes, slab.start * size, slabBytes, target);
      }
      at += rows * slabBytes;
    }
  }
}

const PIECE_BYTES = 16 << 20;

/** Columns of the basis rows, f32, [x × slab.count]. */
export function loadBasisSlab(basis: Matrix, slab: ColumnSlab, into: Float32Array): void {
  for (let row = 0; row < basis.rows; row++) {
    const from = row * basis.columns + slab.start;
    into.set(basis.data.subarray(from, from + slab.count), row * slab.count);
  }
}

function copyColumns(
  rows: Uint8Array,
  rowBytes: number,
  offset: number,
  width: number,
  target: Uint8Array,
): void {
  for (let from = offset, to = 0; to < target.length; from += rowBytes, to += width) {
    target.set(rows.subarray(from, from + width), to);
  }
}
