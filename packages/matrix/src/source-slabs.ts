import { BYTES_PER_VALUE, type Matrix, type Mixture, type StoredMatrix, throwIfAborted } from "@revocab/core";

/** The source rows a mixture needs, in stretches that are read in one piece, and where each row then lies. */
export interface ReferencedRows {
  readonly stretches: readonly { readonly start: number; readonly count: number }[];
  /** Rows in all stretches together. */
  readonly count: number;
  /** [V] the place of a source row among the rows read; meaningless for rows in no stretch. */
  readonly placeOf: Uint32Array;
}

/**
 * Rows that `mixture` names, with gaps of up to `mergeGap` rows read over: skipping a few rows costs more than reading
 * them, but a plan for twenty new tokens must not load a whole embedding matrix.
 */
export function referencedRows(mixture: Mixture, sourceRows: number, mergeGap: number): ReferencedRows {
  const isNamed = new Uint8Array(sourceRows);
  for (const source of mixture.sources) if (source < sourceRows) isNamed[source] = 1;
  const stretches: { start: number; count: number }[] = [];
  for (let row = isNamed.indexOf(1); row !== -1; row = isNamed.indexOf(1, row + 1)) {
    const last = stretches.at(-1);
    if (last !== undefined && row - (last.start + last.count) <= mergeGap) last.count = row + 1 - last.start;
    else stretches.push({ start: row, count: 1 });
  }
  const placeOf = new Uint32Array(sourceRows);
  let count = 0;
  for (const stretch of stretches) {
    for (let i = 0; i < stretch.count; i++) placeOf[stretch.start + i] = count++;
  }
  return { stretches, count, placeOf };
}

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
