import type { Matrix, Mixture } from "./matrices.ts";
import type { Role } from "./methods.ts";

/** The rows of one table of the target model, as weights over the source rows and, where they are no sum, as rows. */
export interface TablePlan {
  readonly slot: string;
  readonly role: Role;
  /** [V_t × (V_s + basis rows)]; empty for rows that are dense, or that no method filled. */
  readonly mixture: Mixture;
  /** X [x × d] */
  readonly basis: Matrix;
  readonly dense: DenseRows;
  /** [V_t] indices into `origins`: which method made the row. */
  readonly origin: Uint8Array;
  readonly origins: readonly string[];
}

/** Rows that are no mixture, read when they are needed: they can be as large as the matrix itself. */
export interface DenseRows {
  /** Target ids, ascending. */
  readonly ids: Uint32Array;
  readonly columns: number;
  /** Rows of ids[start … start + count), [count × d]. */
  read(start: number, count: number): Promise<Matrix>;
}
