import type { Matrix, StoredMatrix, TablePlan } from "@revocab/core";
import type { PlannedTable } from "@revocab/embedding-init";
import { storedMixtureRows } from "@revocab/matrix";

/** The mixture rows of a plan in the bytes they would be stored in, [rows × d]. */
export async function mixtureBytes(plan: TablePlan, source: StoredMatrix): Promise<Uint8Array> {
  const { mixture, basis } = plan;
  return (await storedMixtureRows({ mixture, source, basis })).bytes;
}

/** The dense rows of a planned table, read `step` at a time. */
export async function allDenseRows(
  { dense, denseRows }: PlannedTable,
  step = dense.ids.length,
): Promise<Matrix> {
  const data = new Float32Array(dense.ids.length * dense.columns);
  for (let start = 0; start < dense.ids.length; start += step) {
    const count = Math.min(step, dense.ids.length - start);
    data.set((await denseRows(start, count)).data, start * dense.columns);
  }
  return { rows: dense.ids.length, columns: dense.columns, data };
}

/** All bytes of a stored matrix. */
export async function storedBytes(matrix: StoredMatrix, rows = matrix.rows): Promise<Uint8Array> {
  const bytes = new Uint8Array(rows * matrix.columns * (matrix.dtype === "F32" ? 4 : 2));
  await matrix.readRows(0, rows, bytes);
  return bytes;
}
