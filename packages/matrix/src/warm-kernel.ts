import type { StoredDtype } from "@revocab/core";
import { instantiateKernels } from "./kernels.ts";
import { Memory, type WasmModule } from "./web-assembly.ts";

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
