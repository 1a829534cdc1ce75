import { type Job, type Matrix, quiet, RevocabError, type StoredMatrix } from "@revocab/core";
import { forEachRowBlock, normalizeRows } from "@revocab/matrix";

/** The nearest rows of each query, the nearest first; of rows equally near, the lower number first. */
export interface Neighbors {
  /** Rows per query: the option `k`, or all candidates where those are fewer. */
  readonly k: number;
  /** [m × k] row numbers. */
  readonly ids: Uint32Array;
  /** [m × k] cosines or dot products. */
  readonly similarities: Float32Array;
}

export interface NeighborSearch {
  /** [m × d] */
  readonly queries: Matrix;
  /** [n × d] */
  readonly rows: StoredMatrix;
  readonly candidates: Candidates;
  /** At most the number of candidates. */
  readonly k: number;
  readonly metric: "cosine" | "dot";
  /** `threads`: of the runtime; the kernel and the index compute on the calling thread. @default all cores */
  readonly job?: Job;
}

/** Which rows may be neighbors. */
export interface Candidates {
  readonly count: number;
  /** [n] 1 for a candidate. */
  readonly isCandidate: Uint8Array;
  /** The length of the longest candidate. */
  readonly longest: number;
}

interface CandidateRowsOptions {
  /** [n × d], read once and in order. */
  readonly rows: StoredMatrix;
  readonly leaveOutZeros: boolean;
  readonly isCandidate?: (row: number) => boolean;
  readonly job?: Job;
}

/**
 * Looks at every row once. Only candidates are held to be finite: a caller may leave a broken row out.
 * @throws RevocabError no_evidence when no row is a candidate; not_finite; aborted
 */
export async function candidateRows(options: CandidateRowsOptions): Promise<Candidates> {
  const { rows, leaveOutZeros, isCandidate, job } = options;
  const flags = new Uint8Array(rows.rows);
  let count = 0;
  let longest = 0;
  await forEachRowBlock(
    rows,
    (start, block) => {
      for (let row = 0; row < block.rows; row++) {
        if (isCandidate && !isCandidate(start + row)) continue;
        const length = lengthOf(block.data, row * block.columns, block.columns);
        if (!Number.isFinite(length)) {
          throw new RevocabError("not_finite", `row ${start + row} holds a number that is not finite`, {
            hint: "leave the row out, or repair it",
          });
        }
        if (leaveOutZeros && length === 0) continue;
        flags[start + row] = 1;
        count++;
        longest = Math.max(longest, length);
      }
    },
    { step: "look at rows", job },
  );
  if (count === 0) {
    throw new RevocabError("no_evidence", `none of ${rows.rows} rows can be a neighbor`, {
      hint: "all are left out, or hold nothing but zeros",
    });
  }
  return { count, isCandidate: flags, longest };
}

export interface CandidateBlock {
  /** [rows] ascending row numbers. */
  readonly ids: Uint32Array;
  /** [rows × d], of length 1 by cosine. */
  readonly rows: Matrix;
}

/**
 * Visits all candidates in order, `blockRows` at a time: other rows may hold anything, infinities too, and must not come
 * near a product. The block's memory is used again for the next one.
 * @throws RevocabError aborted, between two blocks
 */
export async function forEachCandidateBlock(
  { rows, candidates, metric, job }: NeighborSearch,
  blockRows: number,
  visit: (block: CandidateBlock) => Promise<void>,
): Promise<void> {
  const { columns } = rows;
  const ids = new Uint32Array(blockRows);
  const data = new Float32Array(blockRows * columns);
  let filled = 0;
  const visitFilled = async () => {
    const block = { rows: filled, columns, data: data.subarray(0, filled * columns) };
    if (metric === "cosine") normalizeRows(block);
    await visit({ ids: ids.subarray(0, filled), rows: block });
    filled = 0;
  };
  const collect = async (start: number, block: Matrix) => {
    for (let row = 0; row < block.rows; row++) {
      if (candidates.isCandidate[start + row] === 0) continue;
      ids[filled] = start + row;
      data.set(block.data.subarray(row * columns, (row + 1) * columns), filled * columns);
      if (++filled === blockRows) await visitFilled();
    }
  };
  await forEachRowBlock(rows, collect, { job: quiet(job) });
  if (filled > 0) await visitFilled();
}

/** The length of a row, in f64: there the squares of finite f32 numbers cannot overflow. */
export function lengthOf(data: Float32Array, start: number, count: number): number {
  let square = 0;
  for (let i = start; i < start + count; i++) square += data[i] * data[i];
  return Math.sqrt(square);
}
