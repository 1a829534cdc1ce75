import { readFileSync } from "node:fs";
import { Instance, Module, type WasmMemory, type WasmModule } from "@revocab/matrix";

/** The numbers that assembly/settings.ts describes: addresses in the memory, sizes and rates. */
export interface TrainingSettings {
  readonly rowBytes: number;
  readonly input: number;
  readonly output: number;
  readonly subwordStarts: number;
  readonly subwordRows: number;
  readonly hiddenGains: number;
  readonly keepThresholds: number;
  readonly negativeTable: number;
  readonly sigmoidTable: number;
  readonly logarithmTable: number;
  readonly words: number;
  readonly windowSize: number;
  readonly negatives: number;
  readonly lineEnd: number;
  readonly predictsCenter: number;
  readonly learningRate: number;
  readonly updateInterval: number;
  readonly epochs: number;
  readonly tokensToTrain: number;
  readonly sharedTokenCount: number;
  readonly losses: number;
  readonly line: number;
  readonly scratch: number;
}

/** What assembly/ exports beside its settings. */
export interface TrainingKernels {
  fillUniform(first: number, end: number, dimension: number, bound: number, seed: bigint): void;
  seedRandom(seed: bigint): void;
  trainLines(tokens: number, count: number, isEnd: boolean): number;
}

/** Works from the sources too: tests of them run the kernels that were built. */
const KERNELS = new URL("../../dist/train/kernels.wasm", import.meta.url);

/** Compiled once per process; threads are handed the compiled module. */
export function compileTrainingKernels(): WasmModule {
  compiled ??= new Module(readFileSync(KERNELS));
  return compiled;
}

let compiled: WasmModule | undefined;

/** The kernels of one thread. */
export function trainingKernels(
  module: WasmModule,
  memory: WasmMemory,
  settings: TrainingSettings,
): TrainingKernels {
  const { exports } = new Instance(module, { env: { memory } });
  for (const [name, value] of Object.entries(settings))
    (exports as Record<string, { value: number }>)[name].value = value;
  return exports as TrainingKernels;
}
