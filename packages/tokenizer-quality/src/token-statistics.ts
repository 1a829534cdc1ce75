/** What the counts of a text's tokens say. */
export interface TokenStatistics {
  readonly tokens: number;
  /** Different tokens. */
  readonly types: number;
  /** types / V: the share of the vocabulary that the text uses. */
  readonly vocabularyUse: number;
  /** types / tokens; it falls with the length of a text, so it compares tokenizers on one text alone. */
  readonly typeTokenRatio: number;
  /** H = −Σ p log₂ p, in bits. */
  readonly shannonEntropy: number;
  /** H / log₂ V. */
  readonly shannonEfficiency: number;
  /** H_α = log₂(Σ p^α) / (1 − α) with α = {@link RENYI_ALPHA}, in bits. */
  readonly renyiEntropy: number;
  /** H_α / log₂ V. */
  readonly renyiEfficiency: number;
  /** Σ p · rank, where the most frequent token has rank 1. */
  readonly meanRank: number;
}

/** The order that agreed best with translation quality (Zouhar et al. 2023); published scripts often take 3. */
export const RENYI_ALPHA = 2.5;

/**
 * Statistics of how often each token of a vocabulary is in a text.
 *
 * Efficiencies divide by log₂ of the tokenizer's size V. Divided by the types of the text, as some scripts do, a tokenizer would look
 * better for each token that the text has no use for.
 * @param counts [V]
 * @param size V, holes included
 * @see https://aclanthology.org/2023.acl-long.284 (Rényi efficiency)
 */
export function tokenStatistics(counts: Float64Array, size: number): TokenStatistics {
  const ranked = counts.filter((count) => count > 0).sort((a, b) => b - a);
  const tokens = ranked.reduce((sum, count) => sum + count, 0);
  const widest = Math.log2(size);
  let shannonEntropy = 0;
  let powers = 0;
  let meanRank = 0;
  for (const [place, count] of ranked.entries()) {
    const share = count / tokens;
    shannonEntropy -= share * Math.log2(share);
    powers += share ** RENYI_ALPHA;
    meanRank += share * (place + 1);
  }
  const renyiEntropy = Math.log2(powers) / (1 - RENYI_ALPHA);
  return {
    tokens,
    types: ranked.length,
    vocabularyUse: ranked.length / size,
    typeTokenRatio: ranked.length / tokens,
    shannonEntropy,
    shannonEfficiency: shannonEntropy / widest,
    renyiEntropy,
    renyiEfficiency: renyiEntropy / widest,
    meanRank,
  };
}

/**
 * How unequally languages are treated: 0 where all cost the same, towards 1 where one bears all.
 *
 *     G = Σᵢ Σⱼ |cᵢ − cⱼ| / (2 n² μ)
 * @param costs one for each language, such as tokens per byte
 * @see https://github.com/cimeister/tokenizer-analysis-suite (tokenizer fairness)
 */
export function gini(costs: readonly number[]): number {
  const mean = costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
  const apart = costs.reduce((sum, a) => sum + costs.reduce((inner, b) => inner + Math.abs(a - b), 0), 0);
  return apart / (2 * costs.length ** 2 * mean);
}
