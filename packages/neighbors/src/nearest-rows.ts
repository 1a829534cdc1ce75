import { type Job, type Matrix, RevocabError, type StoredMatrix, throwIfAborted } from "@revocab/core";
import { storedView } from "@revocab/matrix";
import { exactNeighbors } from "./exact-neighbors.ts";
import { type HnswOptions, hasHnswlib, hnswNeighbors } from "./hnsw-neighbors.ts";
import { candidateRows, lengthOf, type Neighbors } from "./neighbor-search.ts";

/**
 * - `exact`: every query with every row;
 * - `hnsw`: an approximate graph index, built for the call (hnswlib-node, an optional dependency);
 * - `auto`: exact up to 200,000 rows, and beyond them for the few queries that an index would not pay for, or where hnswlib-node is
 *   not installed.
 */
export type NeighborIndex = "auto" | "exact" | "hnsw";

export interface NearestRowsOptions {
  /** [m × d] */
  readonly queries: Matrix;
  /** [n × d] */
  readonly rows: StoredMatrix | Matrix;
  /** Neighbors per query. */
  readonly k: number;
  readonly metric: "cosine" | "dot";
  /** @default "auto" */
  readonly index?: NeighborIndex;
  /** Rows that may be neighbors. @default every row */
  readonly isCandidate?: (row: number) => boolean;
  readonly hnsw?: HnswOptions;
  /** `threads`: of the runtime, for an exact search. @default all cores */
  readonly job?: Job;
}

/**
 * The k rows of [n × d] most similar to each query [m × d]. A row of zeros has no direction and is never a neighbor by
 * cosine; a query of zeros is equally near to every row.
 *
 * Memory: the result and, beside it, about 50 MB for the exact search; the index holds all candidates as f32.
 * @throws RevocabError shape_mismatch when the widths differ; bad_options; no_evidence when no row is a candidate;
 *   not_finite; missing_dependency when an index is called for and hnswlib-node is not installed; aborted
 */
export async function nearestRows(options: NearestRowsOptions): Promise<Neighbors> {
  const { queries, k, metric, index = "auto", isCandidate, hnsw, job } = options;
  const rows = "data" in options.rows ? storedView(options.rows) : options.rows;
  checkOptions(queries, rows, k);
  throwIfAborted(job?.abortSignal);
  const candidates = await candidateRows({
    rows,
    leaveOutZeros: metric === "cosine",
    isCandidate,
    job,
  });
  if (metric === "dot") checkProducts(queries, candidates.longest);
  const search = {
    queries,
    rows,
    candidates,
    k: Math.min(k, candidates.count),
    metric,
    job,
  };
  if (index === "exact") return exactNeighbors(search);
  if (index === "auto") {
    if (isExactByDefault(candidates.count, queries.rows)) return exactNeighbors(search);
    if (!(await hasHnswlib())) {
      job?.onProgress?.({ type: "note", step: "nearest rows", message: SEARCHED_EXACTLY });
      return exactNeighbors(search);
    }
  }
  return hnswNeighbors({ ...search, ...hnsw });
}

const SEARCHED_EXACTLY =
  "hnswlib-node is not installed, so every row is compared: no neighbor is missed, but it takes longer than an index would";

/** Up to here exact search takes minutes at most for the tokens of a vocabulary: m = 50,000 and d = 300 in about five. */
const EXACT_ROWS = 200_000;

/** Building the index takes about as long as this many exact queries, whatever the number of rows: tools/bench/neighbors.mjs. */
const QUERIES_WORTH_AN_INDEX = 100_000;

function isExactByDefault(rows: number, queries: number): boolean {
  return rows <= EXACT_ROWS || queries < QUERIES_WORTH_AN_INDEX;
}

function checkOptions(queries: Matrix, rows: StoredMatrix, k: number): void {
  if (!Number.isInteger(k) || k < 1) {
    throw new RevocabError("bad_options", `${k} neighbors were requested, expected an integer of at least 1`);
  }
  if (queries.columns !== rows.columns) {
    throw new RevocabError(
      "shape_mismatch",
      `queries of ${queries.columns} columns were to be compared with rows of ${rows.columns} columns`,
    );
  }
  const at = queries.data.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    throw new RevocabError(
      "not_finite",
      `query ${Math.floor(at / queries.columns)} holds ${queries.data[at]}`,
    );
  }
}

/** No partial sum of a dot product is larger than the product of the two lengths. */
function checkProducts({ rows, columns, data }: Matrix, longestRow: number): void {
  for (let row = 0; row < rows; row++) {
    const product = lengthOf(data, row * columns, columns) * longestRow;
    if (product < MAXIMUM_F32) continue;
    throw new RevocabError("not_finite", `dot products of query ${row} can reach ${product}, beyond f32`);
  }
}

const MAXIMUM_F32 = 2 ** 127;
