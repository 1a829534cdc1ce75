import type { ProgressListener } from "@revocab/core";
import type { DirectedAlignment } from "./align-direction.ts";
import type { AlignedCorpus } from "./aligned-corpus.ts";
import { runDirection } from "./run-direction.ts";

export interface BothDirectionsOptions {
  readonly iterations: number;
  /** With 1 the directions follow each other, each on a thread of its own. */
  readonly threads: number;
  readonly abortSignal: AbortSignal | undefined;
  readonly onProgress: ProgressListener | undefined;
}

/** Target words from source words, and source words from target words. */
export async function alignBothDirections(
  corpus: AlignedCorpus,
  { iterations, threads, abortSignal, onProgress }: BothDirectionsOptions,
): Promise<readonly [forward: DirectedAlignment, reverse: DirectedAlignment]> {
  const total = iterations * (corpus.sourceWords.length + corpus.targetWords.length);
  const done = [0, 0];
  const tell = () =>
    onProgress?.({ type: "progress", step: "align words", done: done[0] + done[1], total, unit: "tokens" });
  tell();
  const run = async (isReverse: boolean) => {
    const direction = await runDirection(corpus, {
      isReverse,
      iterations,
      abortSignal,
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
    // so that no thread works on after a failure is told
    await Promise.allSettled(directions);
    return Promise.all(directions);
  }
  const forward = await run(false);
  return [forward, await run(true)];
}
