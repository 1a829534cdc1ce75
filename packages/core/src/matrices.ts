/** A dense row-major matrix: `data[row * columns + column]`. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

/**
 * A sparse matrix in compressed-row form: row i is the weighted sum of the source rows
 * `sources[offsets[i] … offsets[i + 1])` with the weights at the same places.
 *
 * An empty row means that a method has no row for the token: the next one is tried. A row of one source with weight exactly 1
 * is a copy: it moves as bytes.
 */
export interface Mixture {
  /** [rows + 1], starting at 0, never falling. */
  readonly offsets: Uint32Array;
  /** [offsets[rows]] row numbers of the source matrix, then of the extra basis rows. */
  readonly sources: Uint32Array;
  /** [offsets[rows]] */
  readonly weights: Float32Array;
}

/** The number formats an embedding matrix is stored in, under their safetensors names. */
export type StoredDtype = "F32" | "F16" | "BF16";

/** Bytes of one number in each format. */
export const BYTES_PER_VALUE: Readonly<Record<StoredDtype, 2 | 4>> = { F32: 4, F16: 2, BF16: 2 };

/** A matrix that stays where it is (a file, a buffer) and is read in blocks of rows, little-endian, row-major. */
export interface StoredMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly dtype: StoredDtype;
  /** The whole matrix where it is in memory; it can be used without a copy. */
  readonly bytes?: Uint8Array;
  /** Fills `into` with rows [start, start + count) exactly as stored; `into` has count × columns × bytes per value. */
  readRows(start: number, count: number, into: Uint8Array): Promise<void>;
}
