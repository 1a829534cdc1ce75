import { type EmbeddingTable, type InitContext, type Matrix, RevocabError } from "@revocab/core";
import { covariance, leadingEigenvectors } from "@revocab/matrix";
import { statisticsOptions } from "./used-row-moments.ts";

export interface Axes {
  /** P [r × d], orthonormal rows, the leading one first. */
  readonly axes: Matrix;
  /** Of the sum of the squares of all used rows: what their projections keep. */
  readonly share: number;
}

/**
 * The `rank` leading right singular vectors of the used rows of a table, as they are and without taking a mean off them: the
 * leading eigenvectors of EᵀE, which is summed in f64 as E streams by.
 * @throws RevocabError bad_options for more columns than a decomposition takes minutes for; no_evidence; aborted
 */
export async function leadingAxes(context: InitContext, table: EmbeddingTable, rank: number): Promise<Axes> {
  const { columns: d } = table.matrix;
  if (d > MAXIMUM_WIDTH) {
    throw new RevocabError(
      "bad_options",
      `${table.slot} has ${d} columns; a rank is offered for at most ${MAXIMUM_WIDTH}`,
      { hint: "leave rank out: nothing in the new model needs the rows to be of a lower rank" },
    );
  }
  const { mean, covariance: gram } = await covariance(table.matrix, statisticsOptions(context));
  for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) gram[i * d + j] += mean[i] * mean[j];
  const { vectors, values } = await leadingEigenvectors({ rows: d, data: gram }, rank);
  const data = new Float32Array(rank * d);
  for (let axis = 0; axis < rank; axis++) {
    for (let i = 0; i < d; i++) data[axis * d + i] = vectors.data[i * rank + axis];
  }
  const sum = (of: Float64Array) => of.reduce((total, value) => total + Math.max(0, value), 0);
  const total = sum(values);
  return {
    axes: { rows: rank, columns: d, data },
    share: total === 0 ? 1 : sum(values.subarray(0, rank)) / total,
  };
}

/** About a minute, see `leadingEigenvectors`. */
const MAXIMUM_WIDTH = 2048;
