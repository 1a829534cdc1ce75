import { BYTES_PER_VALUE, type StoredMatrix } from "@revocab/core";
import { matrixOfBytes } from "@revocab/matrix";
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

async function produceMatrix(
  plan: SwapPlan,
  model: OpenModel,
  slot: string,
  options: ProduceOptions,
): Promise<StoredMatrix> {
  const source = sourceOf(model, slot);
  const { columns, dtype } = source;
  const { rows } = plan.target;
  const width = BYTES_PER_VALUE[dtype];
  const rowBytes = columns * width;
  const bytes = new Uint8Array(rows * rowBytes);
  await produceRows(
    tablePlan(plan, slot),
    source,
    async (block) => {
      const blockBytes = block.columns * width;
      for (let row = 0; row < block.rows; row++) {
        const from = block.bytes.subarray(row * blockBytes, (row + 1) * blockBytes);
        bytes.set(from, (block.startRow + row) * rowBytes + block.startColumn * width);
      }
    },
    options,
  );
  return matrixOfBytes({ rows, columns, dtype }, bytes);
}
