import type { TableBlock } from "@revocab/checkpoint";
import {
  BYTES_PER_VALUE,
  type Job,
  type Matrix,
  RevocabError,
  type RowSource,
  type StoredDtype,
  type StoredMatrix,
  type TablePlan,
} from "@revocab/core";
import { encodeInto, firstAtLeast, multiplyMixture } from "@revocab/matrix";
import type { SwapPlan } from "./swap-plan.ts";

/** Computes the rows of one table, block by block: sums by the kernel, which leaves the other rows zero, then those rows. */
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
      await fillDenseRows(dense, (start, count) => rowSource.read(slot, start, count), source.dtype, block);
      await write(block);
    },
  });
}

async function fillDenseRows(
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

/**
 * The given row source; one without rows where none is needed.
 * @throws RevocabError `bad_options` where a plan has rows that are no sum and no source of them was given
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
