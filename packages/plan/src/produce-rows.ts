import type { TableBlock } from "@revocab/checkpoint";
import {
  BYTES_PER_VALUE,
  type InitMethod,
  type Job,
  type Matrix,
  RevocabError,
  type RowSource,
  type StoredDtype,
  type StoredMatrix,
  type TablePlan,
} from "@revocab/core";
import { closeMethod, type PlannedTable } from "@revocab/embedding-init";
import { collectBlocks, encodeInto, multiplyMixture } from "@revocab/matrix";
import type { ModelTables } from "@revocab/transformer-runtime";
import { sourceOf, tablePlan } from "./check-fit.ts";
import type { OpenModel } from "./model/open-model.ts";
import type { PlannedSwap, SwapPlan } from "./swap-plan.ts";

/** Mixtures through the kernel; rows that are no sum are laid into the kernel's blocks, which left them zero. */
export async function produceRows(
  { slot, mixture, basis, dense }: TablePlan,
  rowSource: RowSource,
  source: StoredMatrix,
  write: (block: TableBlock) => Promise<void>,
  job?: Job,
): Promise<void> {
  await multiplyMixture({
    mixture,
    source,
    ...(basis.rows > 0 && { basis }),
    job,
    onBlock: async (block) => {
      await layDenseRows(dense, (start, count) => rowSource.read(slot, start, count), source.dtype, block);
      await write(block);
    },
  });
}

async function layDenseRows(
  dense: TablePlan["dense"],
  read: (start: number, count: number) => Promise<Matrix>,
  dtype: StoredDtype,
  block: TableBlock,
): Promise<void> {
  const start = firstAtLeast(dense.ids, block.startRow);
  const end = firstAtLeast(dense.ids, block.startRow + block.rows);
  if (start === end) return;
  const { data } = await read(start, end - start);
  const rowBytes = block.columns * BYTES_PER_VALUE[dtype];
  for (let i = start; i < end; i++) {
    const values = (i - start) * dense.columns + block.startColumn;
    const row = (dense.ids[i] as number) - block.startRow;
    encodeInto(
      dtype,
      data.subarray(values, values + block.columns),
      block.bytes.subarray(row * rowBytes, (row + 1) * rowBytes),
    );
  }
}

function firstAtLeast(ascending: Uint32Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

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

/** The rows that methods compute late. The model they read stays open for as long as there may be some. */
export function computedRows(
  tables: readonly PlannedTable[],
  model: OpenModel,
  method: InitMethod,
): RowSource {
  const release = tables.some(({ dense }) => dense.ids.length > 0) ? model.retain() : async () => {};
  return {
    read: (slot, start, count) => tableOf(tables, slot).denseRows(start, count),
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
