import {
  type EmbeddingTable,
  type InitContext,
  type Job,
  type Mixture,
  type MixtureMethod,
  type PreparedMixture,
  RevocabError,
  type StoredMatrix,
} from "@revocab/core";
import { decodeInto, mixtureRow, multiplyMixture, scanRows } from "@revocab/matrix";
import { statisticsOptions } from "./used-row-moments.ts";

/**
 * A method whose input rows have the length that rows of the source usually have: each sum of several source rows is scaled to the median
 * norm of the used source rows. Rows that point in different directions have a mean shorter than they are, and layers without a norm
 * before them read length as well.
 *
 * A row of one source stays the copy that it is, and a row of zeros stays zero. Head rows keep their norm, for by it a token becomes
 * more or less likely, and so do biases.
 *
 * Departure: the reference takes the median over the rows of the target's script; here it is over all used rows, whatever the target.
 * @param method of rows over E alone, without a basis of its own
 * @see https://arxiv.org/abs/2608.03494
 */
export function calibratedNorms(method: MixtureMethod): MixtureMethod {
  return {
    ...method,
    weights: "signed",
    differsByRole: true,
    options: { ...method.options, norms: "calibrated" },
    prepare: async (context) => withCalibratedInputs(await method.prepare(context), context),
  };
}

async function withCalibratedInputs(method: PreparedMixture, context: InitContext): Promise<PreparedMixture> {
  const scales = new Map<string, Float64Array>();
  for (const table of context.source.tables) {
    if (table.role === "input" && !table.isBias) {
      scales.set(table.slot, await scalesOf(method, table, context));
    }
  }
  return {
    mixture(tokens, table) {
      const mixture = method.mixture(tokens, table);
      const scale = scales.get(table.slot);
      return scale === undefined ? mixture : scaled(mixture, (row) => scale[tokens[row]]);
    },
  };
}

function scaled(mixture: Mixture, scaleOf: (row: number) => number): Mixture {
  const { offsets } = mixture;
  const weights = mixture.weights.slice();
  for (let row = 0; row < offsets.length - 1; row++) {
    for (let i = offsets[row]; i < offsets[row + 1]; i++) weights[i] *= scaleOf(row);
  }
  return { ...mixture, weights };
}

/** [V_t] what the row of each token is multiplied by. */
async function scalesOf(
  method: PreparedMixture,
  table: EmbeddingTable,
  context: InitContext,
): Promise<Float64Array> {
  const tokens = Uint32Array.from({ length: context.target.vocabulary.size }, (_, id) => id);
  const mixture = method.mixture(tokens, table);
  const usual = await medianNorm(table, context);
  const norms = await normsOf(mixture, table.matrix, context.job);
  return norms.map((norm, row) => {
    const isSum = mixtureRow(mixture, row).sources.length > 1;
    return isSum && norm > 0 ? usual / norm : 1;
  });
}

/** Of the rows that belong to a token. @throws RevocabError no_evidence when there are none */
async function medianNorm({ slot, matrix }: EmbeddingTable, context: InitContext): Promise<number> {
  const { isUsed, job } = statisticsOptions(context);
  const { squaredNorms } = await scanRows(matrix, { job });
  const norms = squaredNorms
    .filter((_, row) => isUsed(row))
    .map(Math.sqrt)
    .sort();
  if (norms.length > 0) return (norms[(norms.length - 1) >> 1] + norms[norms.length >> 1]) / 2;
  throw new RevocabError("no_evidence", `none of the ${matrix.rows} rows of ${slot} is in use`);
}

/** The norms of W [n × V_s] · E [V_s × d] → [n] */
async function normsOf(mixture: Mixture, source: StoredMatrix, job: Job | undefined): Promise<Float64Array> {
  const squares = new Float64Array(mixture.offsets.length - 1);
  await multiplyMixture({
    mixture,
    source,
    job,
    step: "norms of rows",
    onBlock({ startRow, rows, columns, bytes }) {
      const values = new Float32Array(rows * columns);
      decodeInto(source.dtype, bytes, values);
      for (let i = 0; i < values.length; i++) {
        squares[startRow + Math.floor(i / columns)] += values[i] * values[i];
      }
    },
  });
  return squares.map(Math.sqrt);
}
