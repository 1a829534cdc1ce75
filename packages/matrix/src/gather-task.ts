import type { StoredDtype } from "@revocab/core";
import { instantiateKernels, type Kernels } from "./kernels.ts";
import { Memory, type WasmModule } from "./web-assembly.ts";

/** Rows for one thread to compute: addresses in the shared memory, as the gather kernels take them. */
export interface GatherTask {
  readonly dtype: StoredDtype;
  readonly rows: number;
  readonly columns: number;
  readonly offsets: number;
  readonly pointers: number;
  readonly weights: number;
  readonly basis: number;
  readonly out: number;
}

/**
 * Computes the rows a few at a time: the engine compiles a kernel properly only after it has been entered often, and code
 * already running is not replaced.
 */
export function runGatherTask(kernels: Kernels, task: GatherTask): void {
  const { dtype, rows, columns, offsets, pointers, weights, basis, out } = task;
  const kernel = kernels[`gather${dtype}`];
  const bytesPerRow = columns * (dtype === "F32" ? 4 : 2);
  for (let row = 0; row < rows; row += ROWS_PER_CALL) {
    const count = Math.min(ROWS_PER_CALL, rows - row);
    kernel(count, columns, offsets + row * 4, pointers, weights, basis, out + row * bytesPerRow);
  }
}

const ROWS_PER_CALL = 16;

const ROWS = 16;
const COLUMNS = 512;
const SOURCES = 4;
const CALLS = 128;
const OFFSETS = 1024;
const POINTERS = 2048;
const WEIGHTS = 4096;
const TABLE = 8192;
const OUT = 16_384;

/**
 * Enters a kernel over a hundred times on a row of zeros, a few milliseconds of work, so that the engine compiles it
 * properly while E is still being read. Compiled code belongs to the module, whatever memory or thread runs it.
 */
export function warmKernel(module: WasmModule, dtype: StoredDtype): void {
  const memory = new Memory({ initial: 2, maximum: 2, shared: true });
  const kernel = instantiateKernels(module, memory)[`gather${dtype}`];
  new Uint32Array(memory.buffer, OFFSETS, ROWS + 1).set(
    Array.from({ length: ROWS + 1 }, (_, i) => i * SOURCES),
  );
  new Uint32Array(memory.buffer, POINTERS, ROWS * SOURCES).fill(TABLE);
  new Float32Array(memory.buffer, WEIGHTS, ROWS * SOURCES).fill(0.5);
  for (let call = 0; call < CALLS; call++) kernel(ROWS, COLUMNS, OFFSETS, POINTERS, WEIGHTS, OUT, OUT);
}
