import { Worker } from "node:worker_threads";
import { compileTrainingKernels } from "./training-kernels.ts";
import type { TrainingMemory } from "./training-memory.ts";
import type { TrainingNumbers } from "./training-options.ts";
import type { TrainingWorkerData } from "./training-worker.ts";

/** A worker pool that trains one model. */
export interface TrainingPool {
  /** Gives the input rows their first values. */
  fill(): Promise<void>;
  /** Resolves when all tokens of all epochs are trained, or after `stop`: to false when a loss became NaN. */
  train(): Promise<boolean>;
  /** `train` then resolves within some thousand tokens of each thread. */
  stop(): void;
  /** Ends the threads. */
  close(): Promise<void>;
}

export function trainingPool(
  shared: TrainingMemory,
  tokens: Uint32Array,
  { threads, dimension, seed }: TrainingNumbers,
): TrainingPool {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const module = compileTrainingKernels();
  const workers = Array.from({ length: threads }, (_, thread) =>
    startThread({
      module,
      memory: shared.memory,
      settings: shared.settings(thread),
      dimension,
      firstRow: Math.floor((shared.inputRows * thread) / threads),
      endRow: Math.floor((shared.inputRows * (thread + 1)) / threads),
      tokens,
      start: Math.floor((tokens.length * thread) / threads),
      roomAddress: shared.tokensAddress(thread),
      fillSeed: mixed(BigInt(seed)),
      trainSeed: mixed(BigInt(seed) + (BigInt(thread + 1) << 53n)),
      stop,
    }),
  );
  return {
    async fill() {
      await Promise.all(workers.map((worker) => worker.answer()));
    },
    async train() {
      const answers = await Promise.all(
        workers.map((worker) => {
          worker.begin();
          return worker.answer();
        }),
      );
      return answers.every((stayedFinite) => stayedFinite);
    },
    stop() {
      Atomics.store(stop, 0, 1);
    },
    async close() {
      Atomics.store(stop, 0, 1);
      await Promise.all(workers.map((worker) => worker.end()));
    },
  };
}

/** Works from the sources too: tests of them run the thread that was built. */
const WORKER = new URL("../../dist/train/training-worker.js", import.meta.url);

function startThread(workerData: TrainingWorkerData) {
  const worker = new Worker(WORKER, { workerData, execArgv: [] });
  const waiting: { resolve: (answer: boolean) => void; reject: (reason: Error) => void }[] = [];
  const answers: boolean[] = [];
  let failure: Error | undefined;
  worker.on("message", (answer: boolean) => {
    const first = waiting.shift();
    if (first === undefined) answers.push(answer);
    else first.resolve(answer);
  });
  const fail = (reason: Error) => {
    failure ??= reason;
    for (const { reject } of waiting.splice(0)) reject(failure);
  };
  worker.on("error", fail);
  worker.on("exit", (code) =>
    fail(new Error(`a training thread ended with code ${code} before its work was done`)),
  );
  return {
    begin: () => worker.postMessage("train"),
    answer: () =>
      new Promise<boolean>((resolve, reject) => {
        const answer = answers.shift();
        if (answer !== undefined) resolve(answer);
        else if (failure !== undefined) reject(failure);
        else waiting.push({ resolve, reject });
      }),
    end: () => worker.terminate(),
  };
}

/** SplitMix64's finalizer: seeds that differ in one bit begin far from each other. */
function mixed(seed: bigint): bigint {
  let z = BigInt.asUintN(64, seed + 0x9e3779b97f4a7c15n);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}
