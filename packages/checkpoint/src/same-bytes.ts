import type { FilePool } from "./file-pool.ts";
import type { TensorLocation } from "./tensor-location.ts";

const BLOCK_BYTES = 8 << 20;

/** True when two tensors hold the same bytes; reads both, 8 MB at a time. */
export async function sameBytes(pool: FilePool, a: TensorLocation, b: TensorLocation): Promise<boolean> {
  const length = a.entry.end - a.entry.start;
  if (a.dtype !== b.dtype || length !== b.entry.end - b.entry.start) return false;
  const left = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, length));
  const right = Buffer.allocUnsafe(left.length);
  for (let done = 0; done < length; done += left.length) {
    const size = Math.min(left.length, length - done);
    await Promise.all([
      pool.read(a.file.path, left.subarray(0, size), a.entry.start + done),
      pool.read(b.file.path, right.subarray(0, size), b.entry.start + done),
    ]);
    if (left.compare(right, 0, size, 0, size) !== 0) return false;
  }
  return true;
}
