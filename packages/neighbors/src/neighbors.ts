/** The nearest rows of each query, the nearest first; of rows equally near, the lower number first. */
export interface Neighbors {
  /** Rows per query: as many as were asked for, or all candidates where those are fewer. */
  readonly k: number;
  /** [m × k] row numbers. */
  readonly ids: Uint32Array;
  /** [m × k] cosines or dot products. */
  readonly similarities: Float32Array;
}
