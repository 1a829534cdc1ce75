import { BYTES_PER_VALUE, type StoredMatrix } from "@revocab/core";
import { sourceOf } from "./check-fit.ts";
import type { OpenModel } from "./model/open-model.ts";
import type { SwapPlan } from "./swap-plan.ts";

/** Bytes of the tables with a row per token; a tied head is counted once. */
export function countTableBytes(
  plan: SwapPlan,
  model: OpenModel,
): { readonly before: number; readonly after: number } {
  const bytes = ({ columns, dtype }: StoredMatrix, rows: number) => rows * columns * BYTES_PER_VALUE[dtype];
  return {
    before: model.checkpoint.tables.reduce((sum, { matrix }) => sum + bytes(matrix, matrix.rows), 0),
    after: plan.tables.reduce((sum, { slot }) => sum + bytes(sourceOf(model, slot), plan.target.rows), 0),
  };
}
