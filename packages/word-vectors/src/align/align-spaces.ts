import { type Matrix, type ProgressListener, RevocabError, throwIfAborted } from "@revocab/core";
import { type Matrix64, transposed, transposedProduct } from "@revocab/matrix";
import type { WordPair } from "@revocab/vocab-alignment";
import type { WordVectors } from "../word-vectors.ts";
import { correspondences } from "./correspondences.ts";
import { crossProducts } from "./cross-products.ts";
import { orthogonalFactor } from "./orthogonal-factor.ts";
import { principalAxes } from "./principal-axes.ts";
import { rotateVectors } from "./rotate-vectors.ts";

export interface AlignSpacesOptions {
  readonly source: WordVectors;
  readonly target: WordVectors;
  readonly pairs: readonly WordPair[];
  /** Take the mean of the corresponding words off the vectors of each side first. @default false */
  readonly center?: boolean;
  readonly abortSignal?: AbortSignal;
  readonly onProgress?: ProgressListener;
  /** Of the runtime, which computes the rotation of more than 400 dimensions. @default all cores */
  readonly threads?: number;
}

export interface SpaceAlignment {
  /** The source vectors in the common space; computed when asked for. */
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
  /** The same as often as WECHSEL counts them, with the case variants that coincide. */
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
  const { source, target, pairs, center = false, onProgress, abortSignal, threads } = options;
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
    onProgress?.({ type: "note", step: STEP, message });
  }
  throwIfAborted(abortSignal);
  onProgress?.({ type: "step", step: STEP });
  const { products, sourceMean, targetMean } = crossProducts(source, target, found, center);
  const watch = { ...(abortSignal && { abortSignal }), ...(onProgress && { onProgress }) };
  const sourceAxes = source.dimension > width ? await principalAxes(source, width, watch) : undefined;
  const targetAxes = target.dimension > width ? await principalAxes(target, width, watch) : undefined;
  const factor = await orthogonalFactor(narrowed(products, sourceAxes, targetAxes), threads);
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
