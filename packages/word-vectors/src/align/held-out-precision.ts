import { type Job, RevocabError } from "@revocab/core";
import { randomStream } from "@revocab/matrix";
import { knownForms, type WordPair } from "@revocab/vocab-alignment";
import type { WordVectors } from "../word-vectors.ts";
import { alignSpaces } from "./align-spaces.ts";
import { type TranslationPrecision, translationPrecision } from "./translation-precision.ts";

export interface HeldOutPrecisionOptions {
  readonly source: WordVectors;
  readonly target: WordVectors;
  readonly pairs: readonly WordPair[];
  /** As in `alignSpaces`. @default false */
  readonly center?: boolean;
  /** @default [1, 10] */
  readonly k?: readonly number[];
  /** @default false */
  readonly csls?: boolean;
  /** The share of known source words to hold out. @default 0.1 */
  readonly share?: number;
  /** @default 0 */
  readonly seed?: number;
  /** `threads`: as in `alignSpaces`. @default all cores */
  readonly job?: Job;
}

/**
 * Whether two spaces fit: aligns them by a part of the dictionary and looks up the rest. Only pairs that both sides know take
 * part, and this alignment serves nothing else.
 * @throws RevocabError as alignSpaces and translationPrecision
 */
export async function heldOutPrecision(options: HeldOutPrecisionOptions): Promise<TranslationPrecision> {
  const { source, target, pairs, share = 0.1, seed = 0, center = false, k = [1, 10], csls = false } = options;
  const known = pairs.filter(
    (pair) => knownForms(source, pair.source).length > 0 && knownForms(target, pair.target).length > 0,
  );
  const { fitted, heldOut } = splitPairs({ pairs: known, share, seed });
  if (fitted.length === 0 || heldOut.length === 0) {
    throw new RevocabError(
      "no_evidence",
      `both sides know ${known.length} of ${pairs.length} pairs: too few to hold a share of ${share} out`,
      { hint: "give a larger dictionary, or align without a score" },
    );
  }
  const aligned = await alignSpaces({
    source,
    target,
    pairs: fitted,
    center,
    job: options.job,
  });
  return translationPrecision({
    source: aligned.source,
    target: aligned.target,
    pairs: heldOut,
    k,
    csls,
    job: options.job,
  });
}

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
