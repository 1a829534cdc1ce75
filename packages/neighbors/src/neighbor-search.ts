import type { Matrix, ProgressListener, StoredMatrix } from "@revocab/core";
import type { Candidates } from "./candidate-rows.ts";

export interface NeighborSearch {
  /** [m × d] */
  readonly queries: Matrix;
  /** [n × d] */
  readonly rows: StoredMatrix;
  readonly candidates: Candidates;
  /** At most the number of candidates. */
  readonly k: number;
  readonly metric: "cosine" | "dot";
  readonly abortSignal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}
