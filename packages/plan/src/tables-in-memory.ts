import type { Job, StoredMatrix } from "@revocab/core";
import { collectBlocks } from "@revocab/matrix";
import type { ModelTables } from "@revocab/transformer-runtime";
import { sourceOf, tablePlan } from "./check-fit.ts";
import type { OpenModel } from "./model/open-model.ts";
import { produceRows } from "./produce-rows.ts";
import type { PlannedSwap } from "./swap-plan.ts";

/** The tables a plan would write, in memory and byte for byte the same, so that a method can be tried without writing. */
export async function tablesInMemory(
  planned: PlannedSwap,
  model: OpenModel,
  job?: Job,
): Promise<ModelTables> {
  const make = (slot: string) => produceMatrix(planned, model, slot, job);
  const has = (slot: string) => planned.plan.tables.some((table) => table.slot === slot);
  const input = await make("input");
  const output = has("output") ? await make("output") : input;
  return { input, output, ...(has("output.bias") && { bias: await make("output.bias") }) };
}

function produceMatrix(
  { plan, rowSource }: PlannedSwap,
  model: OpenModel,
  slot: string,
  job?: Job,
): Promise<StoredMatrix> {
  const source = sourceOf(model, slot);
  const shape = { rows: plan.target.rows, columns: source.columns, dtype: source.dtype };
  return collectBlocks(shape, (write) => produceRows(tablePlan(plan, slot), rowSource, source, write, job));
}
