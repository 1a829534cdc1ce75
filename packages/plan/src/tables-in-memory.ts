import type { StoredMatrix } from "@revocab/core";
import { collectBlocks } from "@revocab/matrix";
import type { ModelTables } from "@revocab/transformer-runtime";
import { sourceOf, tablePlan } from "./check-fit.ts";
import type { OpenModel } from "./model/open-model.ts";
import { type ProduceOptions, produceRows } from "./produce-rows.ts";
import type { SwapPlan } from "./swap-plan.ts";

/** The tables a plan would write, in memory and byte for byte the same, so that a method can be tried without writing. */
export async function tablesInMemory(
  plan: SwapPlan,
  model: OpenModel,
  options: ProduceOptions,
): Promise<ModelTables> {
  const make = (slot: string) => produceMatrix(plan, model, slot, options);
  const has = (slot: string) => plan.tables.some((table) => table.slot === slot);
  const input = await make("input");
  const output = has("output") ? await make("output") : input;
  return { input, output, ...(has("output.bias") && { bias: await make("output.bias") }) };
}

function produceMatrix(
  plan: SwapPlan,
  model: OpenModel,
  slot: string,
  options: ProduceOptions,
): Promise<StoredMatrix> {
  const source = sourceOf(model, slot);
  const shape = { rows: plan.target.rows, columns: source.columns, dtype: source.dtype };
  return collectBlocks(shape, (write) => produceRows(tablePlan(plan, slot), source, write, options));
}
