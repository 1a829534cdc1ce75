import { readFileSync } from "node:fs";
import { Instance, Memory, Module, type WasmMemory, type WasmModule } from "./web-assembly.ts";

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
  placeStrip(
    rows: number,
    values: number,
    stride: number,
    factors: number,
    scale: number,
    places: number,
    out: number,
  ): void;
  quantizedProducts(
    range: number,
    columns: number,
    factor: number,
    query: number,
    rows: number,
    scales: number,
    addends: number,
    out: number,
  ): void;
  scanRowsF32: ScanKernel;
  scanRowsF16: ScanKernel;
  scanRowsBF16: ScanKernel;
  stripMaxima(
    sums: number,
    heads: number,
    firsts: number,
    sources: number,
    weights: number,
    rows: number,
    bytes: number,
    starts: number,
    between: number,
    maxima: number,
  ): void;
  wideProducts(head: number, others: number, columns: number, out: number): void;
}

type GatherKernel = (
  rows: number,
  columns: number,
  offsets: number,
  pointers: number,
  weights: number,
  basis: number,
  out: number,
) => void;

type ScanKernel = (rows: number, columns: number, values: number, norms: number, hashes: number) => void;

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

/**
 * A shared memory of at least `bytes`, with any content: the one returned last, if it is still there, else a new one.
 *
 * The engine does not count shared memories when it decides whether to collect garbage: a program that took a new one for
 * each product would grow by the size of E each time. Held weakly, the last one is used again and can still be freed.
 */
export function borrowMemory(bytes: number): WasmMemory {
  const pages = Math.max(1, Math.ceil(bytes / PAGE));
  const memory = idle?.deref();
  idle = undefined;
  if (memory === undefined) return newMemory(pages);
  const missing = pages - memory.buffer.byteLength / PAGE;
  if (missing <= 0) return memory;
  try {
    memory.grow(missing);
    return memory;
  } catch (error) {
    if (error instanceof RangeError) return newMemory(pages);
    throw error;
  }
}

/** Gives the memory back for the next product; no thread may use it any more. */
export function returnMemory(memory: WasmMemory): void {
  idle = new WeakRef(memory);
}

const PAGE = 65536;
let idle: WeakRef<WasmMemory> | undefined;

/** Addresses for all 4 GiB are set aside, so that the memory can grow; pages are taken when they are first written. */
function newMemory(pages: number): WasmMemory {
  return new Memory({ initial: pages, maximum: 65536, shared: true });
}
