import { type Matrix, type ProgressListener, RevocabError } from "@revocab/core";
import { storeMatrix } from "@revocab/matrix";
import { knownForms, type WordPair } from "@revocab/vocab-alignment";
import type { WordVectors } from "../word-vectors.ts";
import { goldRanks, type Query } from "./gold-ranks.ts";
import { meanOfNearest } from "./mean-of-nearest.ts";
import { rotateVectors } from "./rotate-vectors.ts";

export interface TranslationPrecisionOptions {
  /** In the common space, as `alignSpaces` gives them. */
  readonly source: WordVectors;
  readonly target: WordVectors;
  /** [d_s × d] turns the source vectors first. @default they are turned already */
  readonly rotation?: Matrix;
  readonly pairs: readonly WordPair[];
  /** How far down the list of nearest target words a translation may stand. @default [1, 10] */
  readonly k?: readonly number[];
  /**
   * Retrieve by CSLS, which holds against a word that it is near to many: 2·cos(x, y) less the mean cosine of y with its 10
   * nearest source words. Costs the product of both lists of words. @default false
   */
  readonly csls?: boolean;
  /** The most frequent words of each side that take part. @default 50,000 */
  readonly maximumWords?: number;
  readonly abortSignal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

export interface TranslationPrecision {
  /** In the order asked: the share of queries with a translation among the k nearest target words. */
  readonly precision: readonly { readonly k: number; readonly value: number }[];
  /** Source words that were looked up: known ones with a known translation, each once. */
  readonly queries: number;
  /** Pairs left out because a side does not know its word. */
  readonly unknownPairs: number;
}

/**
 * How often a translation of a source word is among the target words nearest to it by cosine, or by CSLS (Conneau et al.
 * 2018). A word is looked up in the first of its case variants that is known; any known case variant of any of its
 * translations counts as right.
 * @see https://arxiv.org/abs/1710.04087
 * @throws RevocabError no_evidence when nothing can be looked up; shape_mismatch; bad_options; aborted
 */
export async function translationPrecision(
  options: TranslationPrecisionOptions,
): Promise<TranslationPrecision> {
  const { target, rotation, pairs, k = [1, 10], csls = false, maximumWords = 50_000 } = options;
  const { abortSignal, onProgress } = options;
  const source = rotation ? rotateVectors(options.source, rotation) : options.source;
  checkOptions(source, target, [...k, maximumWords]);
  const targetWords = Math.min(maximumWords, target.words.length);
  const { queries, unknownPairs } = queriesOf(source, target, pairs, targetWords);
  if (queries.length === 0) {
    throw new RevocabError(
      "no_evidence",
      `of ${pairs.length} pairs, none has both its words among the vectors`,
    );
  }
  const watch = { ...(abortSignal && { abortSignal }), ...(onProgress && { onProgress }) };
  const targetRows = target.rows(0, targetWords);
  const penalty = csls
    ? await meanOfNearest(
        targetRows,
        storeMatrix(source.rows(0, Math.min(maximumWords, source.words.length))),
        watch,
      )
    : undefined;
  const ranks = await goldRanks({ source, queries, targetRows, ...(penalty && { penalty }), ...watch });
  const precision = k.map((limit) => ({
    k: limit,
    value: ranks.filter((rank) => rank < limit).length / ranks.length,
  }));
  return { precision, queries: queries.length, unknownPairs };
}

function checkOptions(source: WordVectors, target: WordVectors, counts: readonly number[]): void {
  if (source.dimension !== target.dimension) {
    throw new RevocabError(
      "shape_mismatch",
      `source vectors of ${source.dimension} dimensions cannot be compared with target vectors of ${target.dimension}`,
      { hint: "align the spaces first" },
    );
  }
  for (const count of counts) {
    if (Number.isInteger(count) && count >= 1) continue;
    throw new RevocabError("bad_options", `${count} words were asked for, expected an integer of at least 1`);
  }
}

function queriesOf(
  source: WordVectors,
  target: WordVectors,
  pairs: readonly WordPair[],
  targetWords: number,
): { queries: Query[]; unknownPairs: number } {
  const translations = new Map<number, Set<number>>();
  let unknownPairs = 0;
  for (const pair of pairs) {
    const [word] = knownForms(source, pair.source);
    const right = knownForms(target, pair.target).filter((index) => index < targetWords);
    if (word === undefined || right.length === 0) {
      unknownPairs++;
      continue;
    }
    const known = translations.get(word) ?? new Set();
    for (const index of right) known.add(index);
    translations.set(word, known);
  }
  const queries = [...translations].map(([word, right]) => ({ word, right: [...right] }));
  return { queries, unknownPairs };
}
