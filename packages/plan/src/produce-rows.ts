import type { TableBlock } from "@revocab/checkpoint";
import {
  BYTES_PER_VALUE,
  type Job,
  type Matrix,
  type RowSource,
  type StoredDtype,
  type StoredMatrix,
  type TablePlan,
} from "@revocab/core";
import { encodeInto, multiplyMixture } from "@revocab/matrix";

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
