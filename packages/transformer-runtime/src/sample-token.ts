import type { TokenId } from "@revocab/core";

export interface SamplingOptions {
  /** Logits are divided by it; 0 takes the most probable token always. @default 0 */
  readonly temperature?: number;
  /** Draw from the k most probable tokens only. @default all */
  readonly topK?: number;
  /** Draw from the fewest most probable tokens whose probabilities reach this sum. @default 1 */
  readonly topP?: number;
}

/**
 * The next token by its logits, among ids for which `isAllowed`. Ties go to the lower id.
 * @param uniform a random number in [0, 1)
 * @param logTotal where more tokens have logits than these: log Σ exp(logit / temperature) of all, which `topP` is a share of
 */
export function sampleToken(
  logits: Float32Array,
  { temperature = 0, topK = logits.length, topP = 1 }: SamplingOptions,
  isAllowed: (token: TokenId) => boolean,
  uniform: () => number,
  logTotal?: number,
): TokenId {
  if (temperature === 0) return mostProbable(logits, isAllowed);
  if (topK >= logits.length && topP === 1) return anyToken(logits, temperature, isAllowed, uniform);
  const ids = Array.from(logits.keys())
    .filter(isAllowed)
    .sort((a, b) => logits[b] - logits[a] || a - b)
    .slice(0, topK);
  const weights = ids.map((id) => Math.exp((logits[id] - logits[ids[0]]) / temperature));
  const total =
    logTotal === undefined || topK < logits.length
      ? weights.reduce((sum, weight) => sum + weight, 0)
      : Math.exp(logTotal - logits[ids[0]] / temperature);
  let kept = 0;
  let mass = 0;
  while (kept < ids.length && (kept === 0 || mass < topP * total)) mass += weights[kept++];
  let left = uniform() * mass;
  for (let i = 0; i < kept; i++) {
    left -= weights[i];
    if (left < 0) return ids[i];
  }
  return ids[kept - 1];
}

/** One of all tokens: no need to sort them. */
function anyToken(
  logits: Float32Array,
  temperature: number,
  isAllowed: (token: TokenId) => boolean,
  uniform: () => number,
): TokenId {
  const largest = logits[mostProbable(logits, isAllowed)];
  const weights = new Float64Array(logits.length);
  let total = 0;
  for (let id = 0; id < logits.length; id++) {
    if (!isAllowed(id)) continue;
    weights[id] = Math.exp((logits[id] - largest) / temperature);
    total += weights[id];
  }
  let left = uniform() * total;
  let last = 0;
  for (let id = 0; id < weights.length; id++) {
    if (weights[id] === 0) continue;
    left -= weights[id];
    last = id;
    if (left < 0) break;
  }
  return last;
}

function mostProbable(logits: Float32Array, isAllowed: (token: TokenId) => boolean): TokenId {
  let best = -1;
  for (let id = 0; id < logits.length; id++) {
    if ((best === -1 || logits[id] > logits[best]) && isAllowed(id)) best = id;
  }
  return best;
}
