import { parentPort, workerData } from "node:worker_threads";
import { alignDirection, type DirectedAlignment } from "./align-direction.ts";
import type { AlignedCorpus } from "./aligned-corpus.ts";

/** What a thread is started with. */
export interface DirectionTask {
  readonly corpus: AlignedCorpus;
  readonly isReverse: boolean;
  readonly iterations: number;
  /** [1] shared: 1 asks the thread to stop. */
  readonly stop: Int32Array;
}

/** Its messages: words done in all passes, then the result; `undefined` after a stop. */
export type DirectionMessage =
  | { readonly type: "progress"; readonly done: number }
  | { readonly type: "result"; readonly result: DirectedAlignment | undefined };

const { corpus, isReverse, iterations, stop } = workerData as DirectionTask;
const WORDS_BETWEEN_MESSAGES = 100_000;
let told = 0;

const result = alignDirection(corpus, {
  isReverse,
  iterations,
  goesOn(done) {
    if (done >= told + WORDS_BETWEEN_MESSAGES) {
      told = done;
      post({ type: "progress", done });
    }
    return Atomics.load(stop, 0) === 0;
  },
});
post({ type: "result", result });

function post(message: DirectionMessage): void {
  parentPort?.postMessage(message);
}
