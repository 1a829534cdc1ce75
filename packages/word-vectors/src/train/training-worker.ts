import { parentPort, workerData } from "node:worker_threads";
import type { WasmMemory, WasmModule } from "@revocab/matrix";
import { type TrainingKernels, type TrainingSettings, trainingKernels } from "./training-kernels.ts";
import { TOKENS_PER_CALL } from "./training-memory.ts";

/** What a thread of `trainingPool` works on. */
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

/** Fills its rows and answers; on the next message it trains, and answers whether all numbers stayed finite. */
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

/** The work of one thread. */
interface TrainingSpan {
  /** All tokens of the text; the thread goes through them again and again. */
  readonly tokens: Uint32Array;
  /** Where it begins. */
  readonly start: number;
  /** Where the kernels read from: at least TOKENS_PER_CALL ids. */
  readonly room: Uint32Array;
  readonly roomAddress: number;
  /** [epochs × 2] sums and numbers of losses of this thread. */
  readonly losses: Float64Array;
  readonly isOver: () => boolean;
}

/**
 * Trains until all epochs are over or `isOver`, entering the kernel once for some thousand tokens.
 * @returns false when a loss has become NaN
 */
function trainSpan(
  kernels: TrainingKernels,
  { tokens, start, room, roomAddress, losses, isOver }: TrainingSpan,
): boolean {
  let at = start;
  while (!isOver()) {
    const count = Math.min(TOKENS_PER_CALL, tokens.length - at);
    room.set(tokens.subarray(at, at + count));
    const isEnd = at + count === tokens.length;
    const taken = kernels.trainLines(roomAddress, count, isEnd);
    if (taken === 0) return true;
    at = at + taken === tokens.length ? 0 : at + taken;
    if (losses.some(Number.isNaN)) return false;
  }
  return true;
}
