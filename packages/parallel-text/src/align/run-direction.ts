import { Worker } from "node:worker_threads";
import { throwIfAborted } from "@revocab/core";
import { alignDirection, type DirectedAlignment } from "./align-direction.ts";
import type { AlignedCorpus } from "./aligned-corpus.ts";
import type { DirectionMessage, DirectionTask } from "./direction-thread.ts";

export interface RunDirectionOptions {
  readonly isReverse: boolean;
  readonly iterations: number;
  readonly abortSignal?: AbortSignal | undefined;
  /** Hears of generated words done in all passes. */
  readonly onWords?: (done: number) => void;
}

/**
 * {@link alignDirection} on a thread of its own; a small text is done before a thread would have started.
 * @throws RevocabError aborted, once the thread has stopped
 */
export async function runDirection(
  corpus: AlignedCorpus,
  { isReverse, iterations, abortSignal, onWords }: RunDirectionOptions,
): Promise<DirectedAlignment> {
  throwIfAborted(abortSignal);
  if (corpus.cells.length * iterations < LEAST_WORK) {
    return alignDirection(corpus, { isReverse, iterations }) as DirectedAlignment;
  }
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const task: DirectionTask = { corpus, isReverse, iterations, stop };
  const worker = new Worker(THREAD, { workerData: task, execArgv: [] });
  const onAbort = () => Atomics.store(stop, 0, 1);
  abortSignal?.addEventListener("abort", onAbort);
  try {
    const result = await new Promise<DirectedAlignment | undefined>((resolve, reject) => {
      worker.on("message", (message: DirectionMessage) => {
        if (message.type === "progress") onWords?.(message.done);
        else resolve(message.result);
      });
      worker.on("error", reject);
      worker.on("exit", (code) => reject(new Error(`an alignment thread ended early, with code ${code}`)));
    });
    throwIfAborted(abortSignal);
    // a thread stops for an abort alone
    return result as DirectedAlignment;
  } finally {
    abortSignal?.removeEventListener("abort", onAbort);
    await worker.terminate();
  }
}

/** Pairs of words in all passes, about 20 ns each: a thread takes 100 ms to start. */
const LEAST_WORK = 2 ** 20;

/** Works from the sources too: tests of them run the thread that was built. */
const THREAD = new URL("../../dist/align/direction-thread.js", import.meta.url);
