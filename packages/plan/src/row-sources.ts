import { type InitMethod, RevocabError, type RowSource } from "@revocab/core";
import { closeMethod, type PlannedTable } from "@revocab/embedding-init";
import type { OpenModel } from "./model/open-model.ts";
import type { SwapPlan } from "./swap-plan.ts";

/** The rows that methods compute late. The model they read stays open for as long as there may be some. */
export function computedRows(
  tables: readonly PlannedTable[],
  model: OpenModel,
  method: InitMethod,
): RowSource {
  const release = tables.some(({ dense }) => dense.ids.length > 0) ? model.retain() : async () => {};
  return {
    read: async (slot, start, count) => tableOf(tables, slot).denseRows(start, count),
    async close() {
      await closeMethod(method);
      await release();
    },
  };
}

function tableOf(tables: readonly PlannedTable[], slot: string): PlannedTable {
  const found = tables.find((table) => table.slot === slot);
  if (found) return found;
  throw new RevocabError(
    "shape_mismatch",
    `the plan has rows for ${tables.map((table) => table.slot).join(", ")}, expected ${slot}`,
  );
}

/**
 * The rows of a plan that are no sum, where it has any.
 * @throws RevocabError `bad_options` where it has some and no source of them was given
 */
export function requireRowSource(plan: SwapPlan, rowSource: RowSource | undefined): RowSource {
  if (rowSource !== undefined) return rowSource;
  const dense = plan.tables.find((table) => table.dense.ids.length > 0);
  if (dense === undefined) return NO_ROWS;
  throw new RevocabError(
    "bad_options",
    `the plan has ${dense.dense.ids.length} rows for ${dense.slot} that are no sums, but no source of rows was given`,
    { hint: "pass the `rowSource` that `makePlan` or `openPlan` returned with the plan" },
  );
}

const NO_ROWS: RowSource = {
  read: async (slot) => {
    throw new RevocabError("shape_mismatch", `the plan has only sums for ${slot}, expected other rows`);
  },
  close: async () => {},
};
