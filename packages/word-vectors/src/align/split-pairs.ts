import { RevocabError } from "@revocab/core";
import { randomStream } from "@revocab/matrix";
import type { WordPair } from "@revocab/vocab-alignment";

export interface SplitPairsOptions {
  readonly pairs: readonly WordPair[];
  /** The share of source words to hold out, in (0, 1). @default 0.1 */
  readonly share?: number;
  /** @default 0 */
  readonly seed?: number;
}

/**
 * Divides a dictionary by source words: all translations of a word, in whatever case it is written, go to one side, so that
 * none that is held out has been seen.
 * @throws RevocabError bad_options
 */
export function splitPairs({ pairs, share = 0.1, seed = 0 }: SplitPairsOptions): {
  readonly fitted: readonly WordPair[];
  readonly heldOut: readonly WordPair[];
} {
  if (!(share > 0 && share < 1)) {
    throw new RevocabError(
      "bad_options",
      `a share of ${share} is to be held out, expected one between 0 and 1`,
    );
  }
  const isHeldOut = new Map<string, boolean>();
  const fitted: WordPair[] = [];
  const heldOut: WordPair[] = [];
  for (const pair of pairs) {
    const word = pair.source.toLowerCase();
    const known = isHeldOut.get(word) ?? randomStream(seed, isHeldOut.size).uniform() < share;
    isHeldOut.set(word, known);
    (known ? heldOut : fitted).push(pair);
  }
  return { fitted, heldOut };
}
