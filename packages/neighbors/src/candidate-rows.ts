import { type ProgressListener, RevocabError, type StoredMatrix } from "@revocab/core";
import { forEachRowBlock } from "@revocab/matrix";
import { lengthOf } from "./length-of.ts";

/** Which rows may be neighbors. */
export interface Candidates {
  readonly count: number;
  /** [n] 1 for a candidate. */
  readonly isCandidate: Uint8Array;
  /** The length of the longest candidate. */
  readonly longest: number;
}

export interface CandidateRowsOptions {
  /** [n × d], read once and in order. */
  readonly rows: StoredMatrix;
  readonly leaveOutZeros: boolean;
  readonly isCandidate?: (row: number) => boolean;
  readonly abortSignal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

/**
 * Looks at every row once. Only candidates are held to be finite: a caller may leave a broken row out.
 * @throws RevocabError no_evidence when no row is a candidate; not_finite; aborted
 */
export async function candidateRows(options: CandidateRowsOptions): Promise<Candidates> {
  const { rows, leaveOutZeros, isCandidate, ...watch } = options;
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
    { step: "look at rows", ...watch },
  );
  if (count === 0) {
    throw new RevocabError("no_evidence", `none of ${rows.rows} rows can be a neighbor`, {
      hint: "all are left out, or hold nothing but zeros",
    });
  }
  return { count, isCandidate: flags, longest };
}
