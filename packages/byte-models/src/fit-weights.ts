import { RevocabError } from "@revocab/core";
import { type MixtureMean, mixed, mixtureWeights } from "./mixture.ts";
import { type ReadTogetherOptions, readTogether } from "./read-together.ts";

export interface FitWeightsOptions extends ReadTogetherOptions {
  /** @default "arithmetic" */
  readonly mean?: MixtureMean;
}

export interface FittedWeights {
  /** Of sum 1, in the order of the models. */
  readonly weights: readonly number[];
  /** Of the mixture with these weights, on the text that they were fitted on. */
  readonly bitsPerByte: number;
  readonly bytes: number;
}

/**
 * The weights with which models predict the bytes of a text best together. For both means the score is convex in the weights, so that
 * there is one best value: the arithmetic one is found by expectation–maximization, the geometric one by exponentiated gradients.
 * @throws RevocabError as `mixtureScore` does; `bad_options` for the geometric mean of a text beyond 20,000 bytes, as it holds all distributions
 */
export async function fitWeights({
  mean = "arithmetic",
  ...options
}: FitWeightsOptions): Promise<FittedWeights> {
  const models = options.voters.length;
  const fit = mean === "geometric" ? geometricFit(models) : arithmeticFit(models);
  const { bytes } = await readTogether(options, fit.add);
  const weights = fit.weights();
  return { weights, bitsPerByte: fit.bits(weights) / bytes, bytes };
}

interface Fit {
  /** @param rows [257] of each model, for one byte */
  add(rows: readonly Float64Array[], byte: number): void;
  weights(): readonly number[];
  /** Σ −log2 P with these weights. */
  bits(weights: readonly number[]): number;
}

/** A step gives each model the share that it had in the probability of the text's bytes; no step makes the score worse. */
function arithmeticFit(models: number): Fit {
  const found: number[][] = [];
  const meanOf = (row: readonly number[], weights: readonly number[]): number =>
    row.reduce((sum, probability, i) => sum + weights[i] * probability, 0);
  return {
    add(rows, byte) {
      found.push(rows.map((row) => row[byte]));
    },
    weights: () =>
      repeated(mixtureWeights(models), (weights) => {
        const shares = weights.map(() => 0);
        for (const row of found) {
          const mean = meanOf(row, weights);
          for (const [i, probability] of row.entries()) shares[i] += (weights[i] * probability) / mean;
        }
        return shares.map((share) => share / found.length);
      }),
    bits: (weights) => found.reduce((sum, row) => sum - Math.log2(meanOf(row, weights)), 0),
  };
}

/** A step multiplies each weight by e^(rate · gradient); the rate is halved where a step would make the score worse. */
function geometricFit(models: number): Fit {
  const found: { readonly rows: readonly Float64Array[]; readonly byte: number }[] = [];
  const bits = (weights: readonly number[]): number =>
    found.reduce((sum, { rows, byte }) => sum - Math.log2(mixed(rows, weights, "geometric")[byte]), 0);

  /** [models] by which the logarithm of a byte's probability grows with each weight, on average. */
  const gradientAt = (weights: readonly number[]): number[] => {
    const gradient = weights.map(() => 0);
    for (const { rows, byte } of found) {
      const mixture = mixed(rows, weights, "geometric");
      for (const [i, row] of rows.entries()) {
        if (weights[i] === 0) continue;
        let expected = 0;
        for (const [value, share] of mixture.entries())
          if (share > 0) expected += share * Math.log(row[value]);
        gradient[i] += (Math.log(row[byte]) - expected) / found.length;
      }
    }
    return gradient;
  };

  return {
    add(rows, byte) {
      if (found.length === MOST_ROWS) throw tooLong();
      found.push({ rows: rows.map((row) => row.slice()), byte });
    },
    weights() {
      let rate = 1;
      let least = bits(mixtureWeights(models));
      return repeated(mixtureWeights(models), (weights) => {
        const gradient = gradientAt(weights);
        for (; rate > LEAST_RATE; rate /= 2) {
          const next = mixtureWeights(
            models,
            weights.map((weight, i) => weight * Math.exp(rate * gradient[i])),
          );
          const score = bits(next);
          if (score > least) continue;
          least = score;
          return next;
        }
        return weights;
      });
    },
    bits,
  };
}

/** Steps until no weight moves by more than 1e-6. */
function repeated(
  start: readonly number[],
  step: (weights: readonly number[]) => readonly number[],
): readonly number[] {
  let weights = start;
  for (let i = 0; i < MOST_STEPS; i++) {
    const next = step(weights);
    const moved = Math.max(...next.map((weight, at) => Math.abs(weight - weights[at])));
    weights = next;
    if (moved < 1e-6) break;
  }
  return weights;
}

const MOST_STEPS = 500;
const LEAST_RATE = 1e-3;
/** Distributions of 257 numbers for each model: 41 MB each. */
const MOST_ROWS = 20_000;

function tooLong(): RevocabError {
  return new RevocabError(
    "bad_options",
    `the text to fit weights on has more than ${MOST_ROWS} bytes, which is the most for the geometric mean`,
    { hint: "give a shorter text, or `maxBytes`" },
  );
}
