import { knownForms, type WordPair } from "@revocab/vocab-alignment";
import type { WordVectors } from "../word-vectors.ts";

/** What a dictionary says of two lists of words: for a source word the target words that it stands for. */
export interface Correspondences {
  /** By index of the source word: for each index of a target word how often the two correspond. */
  readonly bySource: ReadonlyMap<number, ReadonlyMap<number, number>>;
  /** Pairs of words that correspond, each once. */
  readonly distinct: number;
  /** All of them, as often as they do. */
  readonly total: number;
}

/**
 * Pairs each known case variant of a source word with each of its translation, as WECHSEL does: nine for a pair, of which the
 * equal ones count again. So dog/Hund counts twice for "dog" with "Hund" where no other form is known.
 */
export function correspondences(
  source: WordVectors,
  target: WordVectors,
  pairs: readonly WordPair[],
): Correspondences {
  const bySource = new Map<number, Map<number, number>>();
  let distinct = 0;
  let total = 0;
  for (const pair of pairs) {
    const sourceForms = knownForms(source, pair.source);
    if (sourceForms.length === 0) continue;
    const targetForms = knownForms(target, pair.target);
    for (const from of sourceForms) {
      for (const to of targetForms) {
        const counts = bySource.get(from) ?? new Map<number, number>();
        bySource.set(from, counts);
        const count = counts.get(to) ?? 0;
        counts.set(to, count + 1);
        if (count === 0) distinct++;
        total++;
      }
    }
  }
  return { bySource, distinct, total };
}
