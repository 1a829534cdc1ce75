import type { TableBlock } from "@revocab/checkpoint";
import {
  BYTES_PER_VALUE,
  type DenseRows,
  type ProgressListener,
  type StoredDtype,
  type StoredMatrix,
  type TablePlan,
} from "@revocab/core";
import { encodeInto, multiplyMixture } from "@revocab/matrix";

export interface ProduceOptions {
  readonly threads?: number;
  readonly abortSignal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

/** Mixtures through the kernel; rows that are no sum are laid into the kernel's blocks, which left them zero. */
export async function produceRows(
  { mixture, basis, dense }: TablePlan,
  source: StoredMatrix,
  write: (block: TableBlock) => Promise<void>,
  { threads, abortSignal, onProgress }: ProduceOptions,
): Promise<void> {
  await multiplyMixture({
    mixture,
    source,
    ...(basis.rows > 0 && { basis }),
    ...(threads !== undefined && { threads }),
    ...(abortSignal && { abortSignal }),
    ...(onProgress && { onProgress }),
    onBlock: async (block) => {
      await layDenseRows(dense, source.dtype, block);
      await write(block);
    },
  });
}

async function layDenseRows(dense: DenseRows, dtype: StoredDtype, block: TableBlock): Promise<void> {
  const start = firstAtLeast(dense.ids, block.startRow);
  const end = firstAtLeast(dense.ids, block.startRow + block.rows);
  if (start === end) return;
  const { data } = await dense.read(start, end - start);
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
