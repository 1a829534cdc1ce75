import type { EmbeddingTable, InitContext, Job, Matrix, RowMethod, StoredDtype } from "@revocab/core";
import { choleskyFactor, covariance } from "@revocab/matrix";
import { z } from "zod";
import { checkOption, type MethodEntry, methodEntry, numberOption } from "./method-entry.ts";
import { tokenStream } from "./token-stream.ts";
import { statisticsOptions } from "./used-row-moments.ts";

export interface MultivariateNormalOptions {
  /**
   * The share of the covariance that the noise keeps: 1e-9 in the reference library, 1e-5 in Hewitt's note.
   * @default 1e-9
   */
  readonly epsilon?: number;
}

/** The distribution of one table's new rows. */
interface Normal {
  /** [d] */
  readonly mean: Float64Array;
  /** L [d × d], lower, L·Lᵀ = ε·Σ */
  readonly factor: Float64Array;
}

/**
 * Each new token becomes a draw from N(μ, ε·Σ) with the mean and covariance Σ = X_cᵀX_c / n of the used source rows: the
 * mean row, plus just enough noise to tell new tokens apart (the reference library's `mean_resizing`).
 *
 * Departures: rows of holes and padding do not count; Σ is summed in f64, not f32; a covariance of less than full rank
 * is drawn from as it is, where the reference falls back to the bare mean. Noise that reduced precision
 * loses is reported, not repaired.
 * @see https://nlp.stanford.edu/~johnhew/vocab-expansion.html
 * @throws RevocabError bad_options unless epsilon is finite and above 0
 */
export function multivariateNormal({ epsilon = 1e-9 }: MultivariateNormalOptions = {}): RowMethod {
  checkOption("epsilon", epsilon, epsilon > 0, "a number above 0");
  return {
    kind: "rows",
    name: "multivariate-normal",
    paper: "https://nlp.stanford.edu/~johnhew/vocab-expansion.html",
    differsByRole: false,
    coversAll: true,
    options: { epsilon },
    async prepare(context) {
      const normals = new Map<string, Normal>();
      for (const table of context.source.tables) {
        normals.set(table.slot, await normalOf(context, table, epsilon));
      }
      return {
        rows: (tokens, table) => drawRows(normals.get(table.slot)!, context.seed, tokens, table),
      };
    },
  };
}

async function normalOf(context: InitContext, table: EmbeddingTable, epsilon: number): Promise<Normal> {
  const { mean, covariance: sigma } = await covariance(table.matrix, statisticsOptions(context));
  for (let i = 0; i < sigma.length; i++) sigma[i] *= epsilon;
  const d = mean.length;
  noteLostNoise({
    table,
    mean,
    deviation: mean.map((_, j) => Math.sqrt(sigma[j * d + j])),
    job: context.job,
  });
  return { mean, factor: choleskyFactor(sigma, d) };
}

/** μ + z·Lᵀ for each token, z [1 × d] from the token's stream → [tokens × d] */
function drawRows(
  { mean, factor }: Normal,
  seed: number,
  tokens: Uint32Array,
  table: EmbeddingTable,
): Matrix {
  const d = mean.length;
  const draws = new Float64Array(tokens.length * d);
  tokens.forEach((token, row) => {
    const stream = tokenStream(seed, token, "multivariate-normal", table);
    for (let j = 0; j < d; j++) draws[row * d + j] = stream.normal();
  });
  const data = new Float32Array(tokens.length * d);
  for (let i = 0; i < d; i++) {
    // Column by column, so that a row of L, up to 32 kB, stays in the cache for all tokens.
    for (let row = 0; row < tokens.length; row++) {
      let sum = mean[i];
      for (let j = 0; j <= i; j++) sum += factor[i * d + j] * draws[row * d + j];
      data[row * d + i] = sum;
    }
  }
  return { rows: tokens.length, columns: d, data };
}

interface NoiseReport {
  readonly table: EmbeddingTable;
  /** [d] */
  readonly mean: Float64Array;
  /** [d] standard deviation of the noise around the mean */
  readonly deviation: Float64Array;
  readonly job?: Job;
}

/** Bits of the mantissa, and the exponent of the smallest normal number. */
const PRECISION: Readonly<Record<StoredDtype, { readonly bits: number; readonly lowest: number }>> = {
  F32: { bits: 23, lowest: -126 },
  F16: { bits: 10, lowest: -14 },
  BF16: { bits: 7, lowest: -126 },
};

/**
 * Notes when rounding to the table's number format loses most of the noise: where its standard deviation is
 * below half a step of the format at the mean, two new rows mostly round to the same value. With ε = 1e-9 and bf16 two
 * rows share about 90 % of their coordinates.
 */
function noteLostNoise({ table, mean, deviation, job }: NoiseReport): void {
  const { dtype } = table.matrix;
  const lost = mean.filter((value, j) => deviation[j] < stepAt(value, dtype) / 2).length;
  if (lost <= mean.length / 2) return;
  job?.onProgress?.({
    type: "note",
    step: `plan ${table.slot}`,
    message:
      `in ${lost} of ${mean.length} columns of ${table.slot} the noise of the new rows is smaller than half a ${dtype} ` +
      "step at the mean, so most of it is lost when the rows are stored and new rows will hardly differ; " +
      "a larger epsilon (1e-5) keeps more of it",
  });
}

/** The distance between neighbouring numbers of the format around a value. */
function stepAt(value: number, dtype: StoredDtype): number {
  const { bits, lowest } = PRECISION[dtype];
  const exponent = value === 0 ? lowest : Math.max(lowest, Math.floor(Math.log2(Math.abs(value))));
  return 2 ** (exponent - bits);
}

export const multivariateNormalEntry: MethodEntry = methodEntry("multivariate-normal", {
  summary: "Each new token becomes the mean of the used source rows plus a little noise of their covariance.",
  paper: "https://nlp.stanford.edu/~johnhew/vocab-expansion.html",
  evidence: "none",
  coversAll: true,
  options: z.object({
    epsilon: numberOption(z.number().positive())
      .default(1e-9)
      .describe(
        "the share of the covariance that the noise keeps (1e-9 in transformers, 1e-5 in Hewitt's note)",
      ),
  }),
  create: multivariateNormal,
});
