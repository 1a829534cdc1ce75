import { RevocabError } from "@revocab/core";
import type { ByteReader, NextByte } from "./byte-reader.ts";
import { END, NEXT_VALUES } from "./growing-covers.ts";

/**
 * How distributions become one: `arithmetic` is their weighted mean, so that a byte is probable when one model says so;
 * `geometric` the weighted mean of their logarithms, scaled to sum 1, so that all must agree.
 */
export type MixtureMean = "arithmetic" | "geometric";

/**
 * Models that vote on every byte, whatever their tokenizers. They have read the same text. One of weight 0 is not asked.
 * @param weights one for each reader, at least 0 and of sum 1
 * @throws RevocabError `bad_options` where of those that are asked only some have a token that ends a text
 */
export function mixtureReader(
  readers: readonly ByteReader[],
  weights: readonly number[],
  mean: MixtureMean = "arithmetic",
): ByteReader {
  const voting = readers.filter((_, i) => weights[i] > 0);
  const shares = weights.filter((weight) => weight > 0);
  requireCommonEnd(readers, weights);
  return {
    canEnd: voting.every(({ canEnd }) => canEnd),
    get cost() {
      const sum = (of: "passes" | "tokens") => voting.reduce((total, { cost }) => total + cost[of], 0);
      return { passes: sum("passes"), tokens: sum("tokens") };
    },
    async next(tolerance) {
      const all: NextByte[] = [];
      for (const reader of voting) {
        // In the mean of logarithms the little that is unread of one model may be much.
        const next = await reader.next(mean === "arithmetic" ? tolerance : 0);
        if (next === undefined) return undefined;
        all.push(next);
      }
      const rows = all.map(({ probabilities }) => probabilities);
      const unread = all.reduce((sum, next, i) => sum + shares[i] * next.unread, 0);
      if (mean === "geometric") return { probabilities: mixed(rows, shares, mean), unread };
      const read = shares.map((share, i) => (share * (1 - all[i].unread)) / (1 - unread));
      return { probabilities: mixed(rows, read, mean), unread };
    },
    async push(byte) {
      for (const reader of voting) await reader.push(byte);
    },
  };
}

/** @throws RevocabError `bad_options` */
function requireCommonEnd(readers: readonly ByteReader[], weights: readonly number[]): void {
  const endless = readers.findIndex(({ canEnd }, i) => weights[i] > 0 && !canEnd);
  if (endless < 0 || !readers.some(({ canEnd }, i) => weights[i] > 0 && canEnd)) return;
  throw new RevocabError(
    "bad_options",
    `model ${endless + 1} of ${readers.length} has no token that ends a text, and others have one: they cannot agree on an end`,
    { hint: "let models vote that all end texts, or none of which does" },
  );
}

/** [257] the mean of distributions. */
export function mixed(
  rows: readonly Float64Array[],
  weights: readonly number[],
  mean: MixtureMean,
): Float64Array {
  const mixture = new Float64Array(NEXT_VALUES);
  for (let value = 0; value <= END; value++) {
    let sum = 0;
    for (const [i, weight] of weights.entries()) {
      if (weight > 0) sum += weight * (mean === "arithmetic" ? rows[i][value] : Math.log(rows[i][value]));
    }
    mixture[value] = mean === "arithmetic" ? sum : Math.exp(sum);
  }
  if (mean === "arithmetic") return mixture;
  const total = mixture.reduce((sum, share) => sum + share, 0);
  return total > 0 ? mixture.map((share) => share / total) : mixture;
}

/**
 * Weights of sum 1, as many as there are models.
 * @param weights any sizes; only their ratios count @default the same for each
 * @throws RevocabError `bad_options`
 */
export function mixtureWeights(models: number, weights?: readonly number[]): readonly number[] {
  if (weights === undefined) return Array<number>(models).fill(1 / models);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (weights.length !== models) {
    throw new RevocabError(
      "bad_options",
      `found ${weights.length} \`weights\` for ${models} models, expected one for each`,
      { hint: "give the weight of the first model first, then those of `with` in their order" },
    );
  }
  if (weights.some((weight) => !(weight >= 0)) || !(sum > 0 && Number.isFinite(sum))) {
    throw new RevocabError(
      "bad_options",
      `found the \`weights\` ${weights.join(", ")}, expected numbers of at least 0, and one above`,
    );
  }
  return weights.map((weight) => weight / sum);
}
