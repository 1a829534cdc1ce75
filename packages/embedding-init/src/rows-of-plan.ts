import { BYTES_PER_VALUE, type Job, type Matrix, type StoredMatrix, throwIfAborted } from "@revocab/core";
import { decodeInto, encodeInto, mixtureRows } from "@revocab/matrix";
import type { PlannedTable } from "./plan-table.ts";

/** Dense rows computed at a time. */
const BLOCK_ROWS = 1024;

/**
 * The rows a plan stands for → [rows of the plan × d], as values of the number format that `source` is stored in, which
 * are what a rewritten model would hold. Rows of origin `none` are zeros.
 * @param source the matrix of the table that was planned, E [V_s × d]
 * @throws RevocabError shape_mismatch; aborted
 */
export async function rowsOfPlan(plan: PlannedTable, source: StoredMatrix, job?: Job): Promise<Matrix> {
  const rows = await mixtureRows({ mixture: plan.mixture, source, basis: plan.basis, job });
  await fillDense(plan, source, rows.data, job?.abortSignal);
  return rows;
}

/** Dense rows take the stored number format too, so that a row does not depend on which kind of method made it. */
async function fillDense(
  { dense, denseRows }: PlannedTable,
  { dtype, columns }: StoredMatrix,
  data: Float32Array,
  abortSignal: AbortSignal | undefined,
): Promise<void> {
  for (let start = 0; start < dense.ids.length; start += BLOCK_ROWS) {
    throwIfAborted(abortSignal);
    const block = await denseRows(start, Math.min(BLOCK_ROWS, dense.ids.length - start));
    const bytes = new Uint8Array(block.data.length * BYTES_PER_VALUE[dtype]);
    encodeInto(dtype, block.data, bytes);
    decodeInto(dtype, bytes, block.data);
    for (let row = 0; row < block.rows; row++) {
      data.set(block.data.subarray(row * columns, (row + 1) * columns), dense.ids[start + row] * columns);
    }
  }
}
