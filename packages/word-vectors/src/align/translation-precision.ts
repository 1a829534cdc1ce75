import { type Job, type Matrix, quiet, RevocabError } from "@revocab/core";
import { multiplyTransposed, storeMatrix } from "@revocab/matrix";
import { knownForms, type WordPair } from "@revocab/vocab-alignment";
import type { WordVectors } from "../word-vectors.ts";
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
  readonly job?: Job;
}

export interface TranslationPrecision {
  /** In the order of the option `k`: the share of queries with a translation among the k nearest target words. */
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
  const { job } = options;
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
  const targetRows = target.rows(0, targetWords);
  const penalty = csls
    ? await meanOfNearest(
        targetRows,
        storeMatrix(source.rows(0, Math.min(maximumWords, source.words.length))),
        job,
      )
    : undefined;
  const ranks = await goldRanks({ source, queries, targetRows, penalty, job });
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

/** A source word and the target words that are right. */
interface Query {
  readonly word: number;
  readonly right: readonly number[];
}

interface GoldRanksOptions {
  readonly source: WordVectors;
  readonly queries: readonly Query[];
  /** [n × d] */
  readonly targetRows: Matrix;
  /** [n] taken off twice the cosine. @default the cosine alone counts */
  readonly penalty?: Float64Array;
  readonly job?: Job;
}

/**
 * [queries] how many target words stand before the first right one. Of equal words the lower number stands first; a target
 * without a direction stands last.
 */
async function goldRanks(options: GoldRanksOptions): Promise<Uint32Array> {
  const { source, queries, targetRows, penalty, job } = options;
  const stored = storeMatrix(targetRows);
  const isZero = zeroRows(targetRows);
  const ranks = new Uint32Array(queries.length);
  const score = (cosine: number, target: number) => {
    if (isZero[target] === 1) return Number.NEGATIVE_INFINITY;
    return penalty ? 2 * cosine - penalty[target] : cosine;
  };
  for (let start = 0; start < queries.length; start += QUERIES_AT_A_TIME) {
    const part = queries.slice(start, start + QUERIES_AT_A_TIME);
    const left = rowsOf(source, part);
    const product = { left, normalize: true, job: quiet(job) };
    const best = await bestRight(part, left, targetRows, score, job?.abortSignal);
    await multiplyTransposed({
      ...product,
      right: stored,
      onBlock: (first, { columns, data }) => {
        for (const [query, { value, target }] of best.entries()) {
          let before = 0;
          for (let column = 0, at = query * columns; column < columns; column++, at++) {
            const other = score(data[at], first + column);
            if (other > value || (other === value && first + column < target)) before++;
          }
          ranks[start + query] += before;
        }
      },
    });
    job?.onProgress?.({
      type: "progress",
      step: "look up translations",
      done: start + part.length,
      total: queries.length,
      unit: "rows",
    });
  }
  return ranks;
}

const QUERIES_AT_A_TIME = 1024;

function rowsOf(source: WordVectors, queries: readonly Query[]): Matrix {
  const columns = source.dimension;
  const data = new Float32Array(queries.length * columns);
  for (const [i, { word }] of queries.entries()) data.set(source.rows(word, 1).data, i * columns);
  return { rows: queries.length, columns, data };
}

/** For each query the right target that stands first. A cosine is the same bits wherever its rows stand in a product. */
async function bestRight(
  queries: readonly Query[],
  left: Matrix,
  targetRows: Matrix,
  score: (cosine: number, target: number) => number,
  abortSignal: AbortSignal | undefined,
): Promise<{ value: number; target: number }[]> {
  const targets = [...new Set(queries.flatMap(({ right }) => right))];
  const places = new Map(targets.map((target, place) => [target, place]));
  const { columns } = targetRows;
  const data = new Float32Array(targets.length * columns);
  for (const [i, target] of targets.entries()) {
    data.set(targetRows.data.subarray(target * columns, (target + 1) * columns), i * columns);
  }
  const best = queries.map(() => ({ value: Number.NEGATIVE_INFINITY, target: Number.POSITIVE_INFINITY }));
  await multiplyTransposed({
    left,
    right: storeMatrix({ rows: targets.length, columns, data }),
    normalize: true,
    job: { abortSignal },
    onBlock: (first, block) => {
      for (const [query, { right }] of queries.entries()) {
        for (const target of right) {
          const place = (places.get(target) as number) - first;
          if (place < 0 || place >= block.columns) continue;
          const value = score(block.data[query * block.columns + place], target);
          const { value: known, target: earlier } = best[query];
          if (value > known || (value === known && target < earlier)) best[query] = { value, target };
        }
      }
    },
  });
  return best;
}

function zeroRows({ rows, columns, data }: Matrix): Uint8Array {
  const flags = new Uint8Array(rows).fill(1);
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) flags[Math.floor(i / columns)] = 0;
  return flags;
}
