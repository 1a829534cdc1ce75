import { type Job, RevocabError, throwIfAborted } from "@revocab/core";

/** fastText's word for the end of a line. It is counted and trained like any other. */
export const LINE_END = "</s>";

/** A text as numbers: every word that has a row, in order. */
export interface TrainingCorpus {
  /** The most frequent first; of equally frequent ones the one seen first. */
  readonly words: readonly string[];
  /** [words] */
  readonly counts: Float64Array;
  /** Words of the text, rare ones included. */
  readonly tokenCount: number;
  /** [tokens with a row] ids of the words, in memory that threads can share; 4 bytes a token. */
  readonly tokens: Uint32Array;
}

export interface TrainingCorpusOptions {
  readonly minCount: number;
  /** When so many different words are known, the rarest are forgotten, as fastText does. @default 12_000_000 */
  readonly mostWords?: number;
  readonly job?: Job;
}

/**
 * Reads the text once.
 * @param pieces words in order, `</s>` where a line ends
 * @throws RevocabError bad_text when fewer than two words are frequent enough
 */
export async function readTrainingCorpus(
  pieces: AsyncIterable<readonly string[]>,
  { minCount, mostWords = 12_000_000, job }: TrainingCorpusOptions,
): Promise<TrainingCorpus> {
  const numbers = new Map<string, number>();
  const counts: number[] = [];
  const sequence = new NumberSequence();
  let leastCount = 1;
  for await (const piece of pieces) {
    throwIfAborted(job?.abortSignal);
    for (const word of piece) {
      let number = numbers.get(word);
      if (number === undefined) {
        number = counts.length;
        numbers.set(word, number);
        counts.push(0);
      }
      counts[number]++;
      sequence.push(number);
    }
    // A JavaScript map holds 16.7 million entries at most.
    while (numbers.size > mostWords) {
      leastCount++;
      for (const [word, number] of numbers) if (counts[number] < leastCount) numbers.delete(word);
    }
  }
  throwIfAborted(job?.abortSignal);
  const kept = [...numbers].filter(([, number]) => counts[number] >= minCount);
  kept.sort(([, a], [, b]) => counts[b] - counts[a] || a - b);
  if (kept.length < 2) throw tooSmall(kept.length, numbers.size, counts, sequence.length, minCount);
  return {
    words: kept.map(([word]) => word),
    counts: Float64Array.from(kept, ([, number]) => counts[number]),
    tokenCount: sequence.length,
    tokens: sequence.renumber(
      kept.map(([, number]) => number),
      counts.length,
    ),
  };
}

function tooSmall(
  kept: number,
  known: number,
  counts: readonly number[],
  tokens: number,
  minCount: number,
): RevocabError {
  const largest = counts.reduce((most, count) => Math.max(most, count), 0);
  return new RevocabError(
    "bad_text",
    `the text is too small for minCount ${minCount}: of its ${known} different words (${tokens} in all) ` +
      `${kept === 0 ? "none stands" : "only one stands"} in it that often, and training needs two; ` +
      `the most frequent stands in it ${largest} times`,
    { hint: "give more text, or a smaller minCount" },
  );
}

/** A growing list of numbers outside of the JavaScript heap. */
class NumberSequence {
  readonly #blocks: Uint32Array[] = [];
  length = 0;

  push(number: number): void {
    const place = this.length % BLOCK;
    if (place === 0) this.#blocks.push(new Uint32Array(BLOCK));
    this.#blocks[this.#blocks.length - 1][place] = number;
    this.length++;
  }

  /** The sequence with each number replaced by its place in `order`, without those not in it. Empties itself. */
  renumber(order: readonly number[], size: number): Uint32Array {
    const placeOf = new Int32Array(size).fill(-1);
    order.forEach((number, place) => {
      placeOf[number] = place;
    });
    // Pages never written take no memory, so the length of the whole sequence is a bound that costs nothing.
    const all = new Uint32Array(new SharedArrayBuffer(this.length * 4));
    let length = 0;
    for (let left = this.length; left > 0; left -= BLOCK) {
      const block = this.#blocks.shift() as Uint32Array;
      for (const number of block.subarray(0, left)) {
        if (placeOf[number] >= 0) all[length++] = placeOf[number];
      }
    }
    this.length = 0;
    return all.subarray(0, length);
  }
}

const BLOCK = 1 << 20;
