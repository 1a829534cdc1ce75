import { type Job, mapAhead, throwIfAborted } from "@revocab/core";
import { type ParallelPaths, readParallelLines } from "@revocab/parallel-text";
import type { Tokenizer } from "@revocab/vocabulary";
import { lineEncoder } from "./encode-lines.ts";

/** What one tokenizer makes of two texts that say the same. */
export interface ParallelQuality {
  /** Tokens of the lines that have text on both sides. */
  readonly source: number;
  readonly target: number;
  /** target ÷ source: 1.5 means that the second language costs half as much again as the first. */
  readonly parity: number;
}

/** Two parallel texts: lines with text on both sides, and the tokens of each tokenizer. */
export interface MeasuredParallel {
  readonly lines: number;
  readonly each: readonly ParallelQuality[];
}

/**
 * Counts the tokens of two line-aligned texts (the tokenization premium of Petrov et al. 2023).
 * @throws RevocabError as `readParallelLines` does; bad_tokenizer; aborted
 * @see https://arxiv.org/abs/2305.15425
 */
export async function measureParallel(
  { name, ...paths }: ParallelPaths & { readonly name: string },
  tokenizers: readonly Tokenizer[],
  job?: Job,
): Promise<MeasuredParallel> {
  const { source, target } = await readParallelLines(paths, job);
  const encoders = tokenizers.map(lineEncoder);
  const places = Array.from(source.keys()).filter((i) => /\S/.test(source[i]) && /\S/.test(target[i]));
  const sums = tokenizers.map(() => ({ source: 0, target: 0 }));
  let done = 0;
  const tokensOf = async (place: number) =>
    Promise.all(
      encoders.map(async (encode) => {
        const [first, second] = await Promise.all([encode(source[place]), encode(target[place])]);
        return [first.ids.length, second.ids.length] as const;
      }),
    );
  for await (const [, counts] of mapAhead(places, tokensOf)) {
    throwIfAborted(job?.abortSignal);
    for (const [i, [first, second]] of counts.entries()) {
      sums[i].source += first;
      sums[i].target += second;
    }
    if (++done % LINES_BETWEEN_EVENTS === 0 || done === places.length)
      job?.onProgress?.({
        type: "progress",
        step: `encode ${name}`,
        done,
        total: places.length,
        unit: "rows",
      });
  }
  return { lines: places.length, each: sums.map((sum) => ({ ...sum, parity: sum.target / sum.source })) };
}

const LINES_BETWEEN_EVENTS = 256;
