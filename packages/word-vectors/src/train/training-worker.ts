import { parentPort, workerData } from "node:worker_threads";
import type { WasmMemory, WasmModule } from "@revocab/matrix";
import { trainSpan } from "./train-span.ts";
import { type TrainingSettings, trainingKernels } from "./training-kernels.ts";
import { TOKENS_PER_CALL } from "./training-memory.ts";

/** All that a thread of the crew is given. */
export interface TrainingWorkerData {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  readonly settings: TrainingSettings;
  readonly dimension: number;
  /** The input rows this thread fills. */
  readonly firstRow: number;
  readonly endRow: number;
  readonly tokens: Uint32Array;
  readonly start: number;
  readonly roomAddress: number;
  readonly fillSeed: bigint;
  readonly trainSeed: bigint;
  /** [1] not 0 when all threads have to end. */
  readonly stop: Int32Array;
}

/** Fills its rows, answers, and on the next message trains and answers whether all numbers stayed numbers. */
const data = workerData as TrainingWorkerData;
const { memory, settings, dimension, firstRow, endRow, stop } = data;
const kernels = trainingKernels(data.module, memory, settings);
kernels.fillUniform(firstRow, endRow, dimension, 1 / dimension, data.fillSeed);
kernels.seedRandom(data.trainSeed);

parentPort?.on("message", () => {
  const stayedFinite = trainSpan(kernels, {
    tokens: data.tokens,
    start: data.start,
    room: new Uint32Array(memory.buffer, data.roomAddress, TOKENS_PER_CALL),
    roomAddress: data.roomAddress,
    losses: new Float64Array(memory.buffer, settings.losses, settings.epochs * 2),
    isOver: () => Atomics.load(stop, 0) !== 0,
  });
  if (!stayedFinite) Atomics.store(stop, 0, 1);
  parentPort?.postMessage(stayedFinite);
});
parentPort?.postMessage(true);
