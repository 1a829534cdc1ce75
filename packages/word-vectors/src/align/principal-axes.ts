import type { ProgressListener } from "@revocab/core";
import { covariance, leadingEigenvectors, type Matrix64 } from "@revocab/matrix";
import type { WordVectors } from "../word-vectors.ts";
import { storedVectors } from "./stored-vectors.ts";

export interface PrincipalAxesOptions {
  readonly abortSignal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

/**
 * P [d × width], orthonormal columns: the directions in which the 100,000 most frequent words differ most, the first the
 * most. Rows are then x·P, without taking a mean off them, as in fastText's own reduce_model: cosines are about the origin.
 * @throws RevocabError aborted
 */
export async function principalAxes(
  vectors: WordVectors,
  width: number,
  options: PrincipalAxesOptions = {},
): Promise<Matrix64> {
  const { dimension } = vectors;
  const { covariance: data } = await covariance(storedVectors(vectors, WORDS), options);
  return (await leadingEigenvectors({ rows: dimension, data }, width)).vectors;
}

/** As in fastText's reduce_model: more words change the axes little. */
const WORDS = 100_000;
