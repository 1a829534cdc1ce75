import type { Matrix, Mixture } from "./matrices.ts";
import type { Role } from "./methods.ts";

/** The rows of one table of the target model: as weights over the source rows, but for those that are no sum. Data alone. */
export interface TablePlan {
  readonly slot: string;
  readonly role: Role;
  /** [V_t × (V_s + basis rows)]; empty for rows that are dense, or that no method filled. */
  readonly mixture: Mixture;
  /** X [x × d] */
  readonly basis: Matrix;
  /** Which rows are no sum: a {@link RowSource} has them. */
  readonly dense: {
    /** Row numbers, ascending. */
    readonly ids: Uint32Array;
    /** d */
    readonly columns: number;
  };
  /** [V_t] indices into `origins`: which method initialized the row. */
  readonly origin: Uint8Array;
  readonly origins: readonly string[];
}

/**
 * The rows of a plan that are no sum. They are computed, or read from a file, when they are needed: together they can be as
 * large as the matrix itself. What that takes stays open until `close`.
 */
export interface RowSource {
  /**
   * Rows `dense.ids[start … start + count)` of the table in `slot` → [count × d].
   * @throws RevocabError `shape_mismatch` for rows that the table does not have
   */
  read(slot: string, start: number, count: number): Promise<Matrix>;
  close(): Promise<void>;
}
