import { type Job, type Matrix, RevocabError, threadsOf, throwIfAborted } from "@revocab/core";
import {
  covariance,
  leadingEigenvectors,
  type Matrix64,
  type StatisticsOptions,
  transposed,
  transposedProduct,
} from "@revocab/matrix";
import { knownForms, type WordPair } from "@revocab/vocab-alignment";
import { storedVectors, type WordVectors } from "../word-vectors.ts";
import { orthogonalFactor } from "./orthogonal-factor.ts";
import { rotateVectors } from "./rotate-vectors.ts";

export interface AlignSpacesOptions {
  readonly source: WordVectors;
  readonly target: WordVectors;
  readonly pairs: readonly WordPair[];
  /** Take the mean of the corresponding words off the vectors of each side first. @default false */
  readonly center?: boolean;
  /** `threads`: of the runtime, which computes the rotation of more than 400 dimensions. @default all cores */
  readonly job?: Job;
}

export interface SpaceAlignment {
  /** The source vectors in the common space; computed on access. */
  readonly source: WordVectors;
  /** The target vectors in the common space: those given, unless they had to be narrowed or centered. */
  readonly target: WordVectors;
  /** R [d_s × d], d = min(d_s, d_t): source row · R lies in the common space. Orthonormal columns. */
  readonly rotation: Matrix;
  /** [d_t × d] likewise for target rows; undefined where they stay as they are. */
  readonly targetProjection: Matrix | undefined;
  /** [d_s] and [d_t] what is taken off before, with `center`. */
  readonly centers: { readonly source: Float64Array; readonly target: Float64Array } | undefined;
  /** Pairs of words that R was fitted to, each once; fewer than d do not determine it. */
  readonly distinctPairs: number;
  /** Pairs as WECHSEL counts them: case variants that coincide count again. */
  readonly correspondences: number;
}

/**
 * Turns the source space so that words lie near their translations: the orthogonal map with the least sum of squared
 * distances over the pairs and their case variants (orthogonal Procrustes), as in WECHSEL.
 *
 * Spaces of different widths: the wider one is narrowed to its principal axes. (WECHSEL narrows the source where the target
 * is the wider, and then fails.)
 * @see https://arxiv.org/abs/2112.06598
 * @throws RevocabError no_evidence when the two sides know no pair; not_finite; aborted
 */
export async function alignSpaces(options: AlignSpacesOptions): Promise<SpaceAlignment> {
  const { source, target, pairs, center = false, job } = options;
  const found = correspondences(source, target, pairs);
  if (found.total === 0) {
    throw new RevocabError(
      "no_evidence",
      `of ${pairs.length} pairs, none has both its words among the ${source.words.length} source and ${target.words.length} target words`,
      { hint: "check that the dictionary goes from the source language to the target language" },
    );
  }
  const width = Math.min(source.dimension, target.dimension);
  if (found.distinct < width) {
    const message = `${found.distinct} pairs of words do not determine a rotation of ${width} dimensions: of directions they say nothing of, the result is arbitrary`;
    job?.onProgress?.({ type: "note", step: STEP, message });
  }
  throwIfAborted(job?.abortSignal);
  job?.onProgress?.({ type: "step", step: STEP });
  const { products, sourceMean, targetMean } = crossProducts(source, target, found, center);
  const sourceAxes = source.dimension > width ? await principalAxes(source, width, { job }) : undefined;
  const targetAxes = target.dimension > width ? await principalAxes(target, width, { job }) : undefined;
  const factor = await orthogonalFactor(narrowed(products, sourceAxes, targetAxes), threadsOf(job));
  const rotation = matrixOf(sourceAxes ? transposedProduct(transposed(sourceAxes), factor) : factor);
  const targetProjection = targetAxes && matrixOf(targetAxes);
  const centers = center ? { source: sourceMean, target: targetMean } : undefined;
  const isTargetMoved = targetProjection !== undefined || center;
  return {
    source: rotateVectors(source, rotation, centers?.source),
    target: isTargetMoved
      ? rotateVectors(target, targetProjection ?? identity(width), centers?.target)
      : target,
    rotation,
    targetProjection,
    centers,
    distinctPairs: found.distinct,
    correspondences: found.total,
  };
}

const STEP = "align spaces";

/** P_sᵀ · M · P_t, the products of the narrowed rows. */
function narrowed(products: Matrix64, sourceAxes?: Matrix64, targetAxes?: Matrix64): Matrix64 {
  const left = sourceAxes ? transposedProduct(sourceAxes, products) : products;
  return targetAxes ? transposedProduct(transposed(left), targetAxes) : left;
}

function identity(width: number): Matrix {
  const data = new Float32Array(width * width);
  for (let i = 0; i < width; i++) data[i * width + i] = 1;
  return { rows: width, columns: width, data };
}

function matrixOf({ rows, columns, data }: Matrix64): Matrix {
  return { rows, columns, data: Float32Array.from(data) };
}

/** For each source word the target words that the dictionary pairs it with. */
interface Correspondences {
  /** By index of the source word: for each index of a target word how often the two correspond. */
  readonly bySource: ReadonlyMap<number, ReadonlyMap<number, number>>;
  /** Pairs of words that correspond, each once. */
  readonly distinct: number;
  /** Pairs with their repeats. */
  readonly total: number;
}

/**
 * Pairs each known case variant of a source word with each known one of its translation, as WECHSEL does: nine combinations
 * for a pair, and equal ones count again.
 */
function correspondences(
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

interface CrossProducts {
  /** [d_s × d_t] the sum of aᵀ·b over corresponding rows a, b; less their means, with `center`. */
  readonly products: Matrix64;
  /** [d_s] of the source rows, each counted as often as it corresponds. */
  readonly sourceMean: Float64Array;
  /** [d_t] */
  readonly targetMean: Float64Array;
}

/**
 * One source word at a time, with the sum of all its translations: a word with ten of them costs one product, not ten.
 * @throws RevocabError not_finite
 */
function crossProducts(
  source: WordVectors,
  target: WordVectors,
  { bySource, total }: Correspondences,
  center: boolean,
): CrossProducts {
  const from = block(source.dimension);
  const to = block(target.dimension);
  const products = { ...newMatrix(source.dimension, target.dimension) };
  const sourceMean = new Float64Array(source.dimension);
  const targetMean = new Float64Array(target.dimension);
  let filled = 0;
  for (const [word, translations] of bySource) {
    const row = source.rows(word, 1).data;
    const sum = to.data.subarray(filled * to.columns, (filled + 1) * to.columns).fill(0);
    let count = 0;
    for (const [translation, times] of translations) {
      addScaled(sum, target.rows(translation, 1).data, times);
      count += times;
    }
    from.data.set(row, filled * from.columns);
    addScaled(sourceMean, row, count / total);
    addScaled(targetMean, sum, 1 / total);
    if (++filled === BLOCK_ROWS) {
      transposedProduct(from, to, products);
      filled = 0;
    }
  }
  transposedProduct({ ...from, rows: filled }, { ...to, rows: filled }, products);
  if (center) subtractMeans(products, sourceMean, targetMean, total);
  if (products.data.some((value) => !Number.isFinite(value))) {
    throw new RevocabError(
      "not_finite",
      "a vector of a word in the dictionary holds a number that is not finite",
    );
  }
  return { products, sourceMean, targetMean };
}

const BLOCK_ROWS = 64;

function block(columns: number): Matrix64 {
  return newMatrix(BLOCK_ROWS, columns);
}

function newMatrix(rows: number, columns: number): Matrix64 {
  return { rows, columns, data: new Float64Array(rows * columns) };
}

function addScaled(into: Float64Array, row: Float32Array | Float64Array, factor: number): void {
  for (let i = 0; i < into.length; i++) into[i] += factor * row[i];
}

/** Σ (a − ā)ᵀ(b − b̄) = Σ aᵀb − n·āᵀb̄ */
function subtractMeans({ columns, data }: Matrix64, left: Float64Array, right: Float64Array, total: number) {
  for (let i = 0; i < left.length; i++) {
    for (let j = 0; j < columns; j++) data[i * columns + j] -= total * left[i] * right[j];
  }
}

/**
 * P [d × width], orthonormal columns: the directions in which the 100,000 most frequent words differ most, the first the
 * most. Rows are then x·P, without taking a mean off them, as in fastText's own reduce_model: cosines are about the origin.
 * @throws RevocabError aborted
 */
async function principalAxes(
  vectors: WordVectors,
  width: number,
  options: StatisticsOptions,
): Promise<Matrix64> {
  const { dimension } = vectors;
  const { covariance: data } = await covariance(storedVectors(vectors, WORDS), options);
  return (await leadingEigenvectors({ rows: dimension, data }, width)).vectors;
}

/** As in fastText's reduce_model: more words change the axes little. */
const WORDS = 100_000;
