import {
  type EmbeddingTable,
  type InitContext,
  type Job,
  type Matrix,
  type Mixture,
  type MixtureMethod,
  type PreparedMixture,
  RevocabError,
  type StoredMatrix,
} from "@revocab/core";
import { covariance, leadingEigenvectors, MixtureBuilder, multiplyTransposed } from "@revocab/matrix";
import { statisticsOptions } from "./used-row-moments.ts";

/**
 * A method's rows as they are when E is factorized first: E ≈ U·P, U [V_s × r], P [r × d] the r leading right singular
 * vectors of the used rows, and the new row is Σ w_i · (U_i·P) = (Σ w_i · U_i)·P, the projection of Σ w_i · E_i.
 *
 * It is a mixture of the rows of P, which the plan carries as basis rows: r weights a row, where dense rows would be d
 * numbers. Such a row no longer names source tokens. A table of at most r columns is left
 * as it is, so a head bias keeps the method's own weights.
 *
 * @param method of rows over E alone, without a basis of its own
 * @param rank r
 */
export function factorized(method: MixtureMethod, rank: number): MixtureMethod {
  return {
    ...method,
    weights: "signed",
    options: { ...method.options, rank },
    prepare: async (context) => onLeadingAxes(await method.prepare(context), rank, context),
  };
}

async function onLeadingAxes(
  method: PreparedMixture,
  rank: number,
  context: InitContext,
): Promise<PreparedMixture> {
  const { tables } = context.source;
  const wide = tables.filter(({ matrix }) => matrix.columns > rank);
  const factored = new Map<string, Factored>();
  for (const table of wide) factored.set(table.slot, await factor(context, method, table, rank));
  return {
    mixture(tokens, table) {
      const known = factored.get(table.slot);
      if (known === undefined) return method.mixture(tokens, table);
      const builder = new MixtureBuilder();
      const basis = Array.from({ length: rank }, (_, axis) => table.matrix.rows + axis);
      for (const token of tokens) {
        if (known.isEmpty(token)) builder.addEmpty();
        else builder.addRow(basis, known.weights.data.subarray(token * rank, (token + 1) * rank));
      }
      return builder.build();
    },
    basis: ({ slot, matrix }) =>
      factored.get(slot)?.axes ?? { rows: 0, columns: matrix.columns, data: new Float32Array() },
  };
}

interface Factored {
  /** P [r × d] */
  readonly axes: Matrix;
  /** [V_t × r] Σ w_i · U_i */
  readonly weights: Matrix;
  isEmpty(token: number): boolean;
}

async function factor(
  context: InitContext,
  method: PreparedMixture,
  table: EmbeddingTable,
  rank: number,
): Promise<Factored> {
  const { axes, share }: Axes = await leadingAxes(context, table, rank);
  const { size } = context.target.vocabulary;
  const mixture = method.mixture(
    Uint32Array.from({ length: size }, (_, id) => id),
    table,
  );
  context.job?.onProgress?.({
    type: "note",
    step: "factorize",
    message: `${rank} of ${table.matrix.columns} dimensions hold ${(100 * share).toFixed(1)} % of the squares of ${table.slot}`,
  });
  return {
    axes,
    weights: await projectedRows({ mixture, axes, rows: table.matrix, job: context.job }),
    isEmpty: (token) => mixture.offsets[token] === mixture.offsets[token + 1],
  };
}

interface Axes {
  /** P [r × d], orthonormal rows, the leading one first. */
  readonly axes: Matrix;
  /** Share of the squared norm of all used rows that their projections keep. */
  readonly share: number;
}

/**
 * The `rank` leading right singular vectors of the used rows of a table, as they are and without taking a mean off them: the
 * leading eigenvectors of EᵀE, which is summed in f64 as E streams by.
 * @throws RevocabError bad_options for more columns than a decomposition takes minutes for; no_evidence; aborted
 */
async function leadingAxes(context: InitContext, table: EmbeddingTable, rank: number): Promise<Axes> {
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

interface ProjectedRowsOptions {
  /** [n × V_s] over rows of E alone. */
  readonly mixture: Mixture;
  /** P [r × d] */
  readonly axes: Matrix;
  /** E [V_s × d], read once. */
  readonly rows: StoredMatrix;
  readonly job?: Job;
}

/** W·E·Pᵀ → [n × r], as E streams by: each source row is projected once and added wherever it has a weight. */
async function projectedRows({
  mixture: { offsets, sources, weights },
  axes,
  rows,
  job,
}: ProjectedRowsOptions): Promise<Matrix> {
  const count = offsets.length - 1;
  const uses = Array.from({ length: rows.rows }, (): { row: number; weight: number }[] => []);
  for (let row = 0; row < count; row++) {
    for (let i = offsets[row]; i < offsets[row + 1]; i++) uses[sources[i]].push({ row, weight: weights[i] });
  }
  const data = new Float32Array(count * axes.rows);
  await multiplyTransposed({
    left: axes,
    right: rows,
    step: "factorize",
    job,
    onBlock: (start, projected) => {
      for (let column = 0; column < projected.columns; column++) {
        for (const { row, weight } of uses[start + column]) {
          for (let axis = 0; axis < axes.rows; axis++) {
            data[row * axes.rows + axis] += weight * projected.data[axis * projected.columns + column];
          }
        }
      }
    },
  });
  return { rows: count, columns: axes.rows, data };
}
