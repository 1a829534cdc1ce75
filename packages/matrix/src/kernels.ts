import { readFileSync } from "node:fs";
import { Instance, Module, type WasmMemory, type WasmModule } from "./web-assembly.ts";

/** What assembly/ exports; all arguments are numbers of rows and columns, then addresses in the memory given. */
export interface Kernels {
  gatherF32: GatherKernel;
  gatherF16: GatherKernel;
  gatherBF16: GatherKernel;
  multiplyPanels(
    out: number,
    left: number,
    right: number,
    rows: number,
    columns: number,
    depth: number,
  ): void;
  rankUpdate(sums: number, panels: number, columns: number, depth: number): void;
}

export type GatherKernel = (
  rows: number,
  columns: number,
  offsets: number,
  pointers: number,
  weights: number,
  basis: number,
  out: number,
) => void;

/** The SIMD kernels, compiled once per process; workers are handed the compiled module. */
export function compileKernels(): WasmModule {
  compiled ??= new Module(readFileSync(new URL("./kernels.wasm", import.meta.url)));
  return compiled;
}

let compiled: WasmModule | undefined;

/** The start of every memory, where the kernels keep their constants. */
export const KERNEL_BYTES = 256;

/** The kernels over one shared memory. They keep nothing in it between calls, so any number of threads may use it. */
export function instantiateKernels(module: WasmModule, memory: WasmMemory): Kernels {
  return new Instance(module, { env: { memory } }).exports as unknown as Kernels;
}
