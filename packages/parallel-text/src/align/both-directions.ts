import { Worker } from "node:worker_threads";
import { type Job, throwIfAborted } from "@revocab/core";
import { alignDirection, type DirectedAlignment } from "./align-direction.ts";
import type { AlignedCorpus } from "./aligned-corpus.ts";
import type { DirectionMessage, DirectionTask } from "./direction-thread.ts";

interface BothDirectionsOptions {
  readonly iterations: number;
  /** With 1 the directions follow each other, each on a thread of its own. */
  readonly threads: number;
  readonly job?: Job;
}

/** Target words from source words, and source words from target words. */
export async function alignBothDirections(
  corpus: AlignedCorpus,
  { iterations, threads, job }: BothDirectionsOptions,
): Promise<readonly [forward: DirectedAlignment, reverse: DirectedAlignment]> {
  const total = iterations * (corpus.sourceWords.length + corpus.targetWords.length);
  const done = [0, 0];
  const tell = () =>
    job?.onProgress?.({
      type: "progress",
      step: "align words",
      done: done[0] + done[1],
      total,
      unit: "tokens",
    });
  tell();
  const run = async (isReverse: boolean) => {
    const direction = await runDirection(corpus, {
      isReverse,
      iterations,
      job,
      onWords(words) {
        done[Number(isReverse)] = words;
        tell();
      },
    });
    const words = isReverse ? corpus.sourceWords.length : corpus.targetWords.length;
    done[Number(isReverse)] = iterations * words;
    tell();
    return direction;
  };
  if (threads >= 2) {
    const directions = [run(false), run(true)] as const;
    // so that no thread works on after a failure is reported
    await Promise.allSettled(directions);
    return Promise.all(directions);
  }
  const forward = await run(false);
  return [forward, await run(true)];
}

interface RunDirectionOptions {
  readonly isReverse: boolean;
  readonly iterations: number;
  readonly job?: Job;
  /** Hears of generated words done in all passes. */
  readonly onWords?: (done: number) => void;
}

/**
 * {@link alignDirection} on a thread of its own; a small text is done before a thread would have started.
 * @throws RevocabError aborted, once the thread has stopped
 */
async function runDirection(
  corpus: AlignedCorpus,
  { isReverse, iterations, job, onWords }: RunDirectionOptions,
): Promise<DirectedAlignment> {
  throwIfAborted(job?.abortSignal);
  if (corpus.cells.length * iterations < LEAST_WORK) {
    return alignDirection(corpus, { isReverse, iterations }) as DirectedAlignment;
  }
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const task: DirectionTask = { corpus, isReverse, iterations, stop };
  const worker = new Worker(THREAD, { workerData: task, execArgv: [] });
  const onAbort = () => Atomics.store(stop, 0, 1);
  job?.abortSignal?.addEventListener("abort", onAbort);
  try {
    const result = await new Promise<DirectedAlignment | undefined>((resolve, reject) => {
      worker.on("message", (message: DirectionMessage) => {
        if (message.type === "progress") onWords?.(message.done);
        else resolve(message.result);
      });
      worker.on("error", reject);
      worker.on("exit", (code) => reject(new Error(`an alignment thread ended early, with code ${code}`)));
    });
    throwIfAborted(job?.abortSignal);
    // a thread stops for an abort alone
    return result as DirectedAlignment;
  } finally {
    job?.abortSignal?.removeEventListener("abort", onAbort);
    await worker.terminate();
  }
}

/** Pairs of words in all passes, about 20 ns each: a thread takes 100 ms to start. */
const LEAST_WORK = 2 ** 20;

/** Works from the sources too: tests of them run the thread that was built. */
const THREAD = new URL("../../dist/align/direction-thread.js", import.meta.url);
