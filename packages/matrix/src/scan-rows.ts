import {
  BYTES_PER_VALUE,
  type Job,
  type StoredDtype,
  type StoredMatrix,
  throwIfAborted,
} from "@revocab/core";
import { borrowMemory, compileKernels, instantiateKernels, KERNEL_BYTES, returnMemory } from "./kernels.ts";

export interface RowScan {
  /** [rows] summed in f64 in the order of the columns: NaN or infinite where the row has such a value, 0 exactly where every value is zero. */
  readonly squaredNorms: Float64Array;
  /** [rows] 64 bits of each row's bytes. */
  readonly hashes: BigUint64Array;
}

export interface ScanRowsOptions {
  readonly job?: Pick<Job, "abortSignal">;
  /** Told how many bytes were read since the last call. */
  readonly onBytes?: (count: number) => void;
}

const BLOCK_BYTES = 8 << 20;

/**
 * Reads a matrix once, 8 MB at a time (the next block is read meanwhile), and keeps norm and hash of each row.
 * @throws RevocabError `aborted`, between two blocks; what `readRows` throws
 */
export async function scanRows(
  stored: StoredMatrix,
  { job, onBytes }: ScanRowsOptions = {},
): Promise<RowScan> {
  const { rows, columns, dtype } = stored;
  const rowBytes = columns * BYTES_PER_VALUE[dtype];
  const scan = { squaredNorms: new Float64Array(rows), hashes: new BigUint64Array(rows) };
  const blockRows = Math.max(1, Math.min(rows, Math.floor(BLOCK_BYTES / rowBytes)));
  const normsAt = KERNEL_BYTES;
  const hashesAt = normsAt + blockRows * 8;
  const blocksAt = [0, 1].map((i) => hashesAt + blockRows * 8 + i * blockRows * rowBytes);
  const memory = borrowMemory(blocksAt[1] + blockRows * rowBytes);
  const kernel = instantiateKernels(compileKernels(), memory)[KERNELS[dtype]];
  const read = async (start: number, at: number) => {
    const count = Math.min(blockRows, rows - start);
    if (count > 0) await stored.readRows(start, count, new Uint8Array(memory.buffer, at, count * rowBytes));
    return count;
  };
  let next = read(0, blocksAt[0]);
  try {
    for (let start = 0, i = 0; start < rows; start += blockRows, i++) {
      const count = await next;
      throwIfAborted(job?.abortSignal);
      next = read(Math.min(rows, start + blockRows), blocksAt[(i + 1) % 2]);
      next.catch(() => undefined);
      kernel(count, columns, blocksAt[i % 2], normsAt, hashesAt);
      scan.squaredNorms.set(new Float64Array(memory.buffer, normsAt, count), start);
      scan.hashes.set(new BigUint64Array(memory.buffer, hashesAt, count), start);
      onBytes?.(count * rowBytes);
    }
    return scan;
  } finally {
    // the read that is under way writes into the memory
    await next.catch(() => undefined);
    returnMemory(memory);
  }
}

const KERNELS = { F32: "scanRowsF32", F16: "scanRowsF16", BF16: "scanRowsBF16" } as const satisfies Record<
  StoredDtype,
  string
>;
