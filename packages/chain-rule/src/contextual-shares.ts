import { type Job, type TokenId, throwIfAborted } from "@revocab/core";
import { type ClassContext, type FitProducts, fitClasses } from "./fit-classes.ts";

export interface ContextualSharesOptions {
  readonly width: number;
  /** [n × d] hidden states before the tokens of a text. */
  readonly states: Float64Array;
  /** [n] the token that follows each. */
  readonly tokens: Uint32Array;
  /** Tokens that compete: those that begin with the same piece. */
  readonly groups: ReadonlyMap<TokenId, readonly TokenId[]>;
  /** [V_t] log P̂(t | s₁), without context. */
  readonly logShares: Float64Array;
  /** u [d], with u·h ≈ 1. */
  readonly unit: Float64Array;
  /** [d × d] the inverse of the states' second moment. */
  readonly inverse: Float64Array;
  /** How many contexts the share without context is worth. */
  readonly prior: number;
  readonly products: FitProducts;
  readonly job?: Job;
  readonly onGroup?: (done: number) => void;
}

/**
 * δ_t [d] for the tokens that a text has: log P(t | s₁, h) ≈ log P̂(t | s₁)·(u·h) + δ_t·h, up to a
 * constant that all tokens of a group share.
 */
export async function contextualShares({
  groups,
  tokens,
  logShares,
  unit,
  job,
  onGroup,
  ...fit
}: ContextualSharesOptions): Promise<Map<TokenId, Float64Array>> {
  const { width } = fit;
  const contextsOf = contextsByToken(tokens);
  const shares = new Map<TokenId, Float64Array>();
  let done = 0;
  for (const group of groups.values()) {
    throwIfAborted(job?.abortSignal);
    const seen = group.filter((token) => contextsOf.has(token));
    if (seen.length > 1) {
      const contexts = seen.flatMap((token, k): ClassContext[] =>
        (contextsOf.get(token) as number[]).map((at) => ({ at, k })),
      );
      const baseOf = async (states: Float64Array, count: number) =>
        scaledBy(
          states,
          count,
          unit,
          Float64Array.from(seen, (token) => logShares[token]),
        );
      const rows = await fitClasses({ ...fit, contexts, classes: seen.length, baseOf });
      for (const [k, token] of seen.entries()) shares.set(token, rows.slice(k * width, (k + 1) * width));
    }
    done++;
    onGroup?.(done);
  }
  return shares;
}

function contextsByToken(tokens: Uint32Array): Map<TokenId, number[]> {
  const contexts = new Map<TokenId, number[]>();
  tokens.forEach((token, at) => {
    const known = contexts.get(token);
    if (known === undefined) contexts.set(token, [at]);
    else known.push(at);
  });
  return contexts;
}

/** [n × K] (u·h) times each offset. */
function scaledBy(
  states: Float64Array,
  count: number,
  unit: Float64Array,
  offsets: Float64Array,
): Float64Array {
  const width = unit.length;
  const base = new Float64Array(count * offsets.length);
  for (let i = 0; i < count; i++) {
    let scale = 0;
    for (let j = 0; j < width; j++) scale += unit[j] * states[i * width + j];
    for (let k = 0; k < offsets.length; k++) base[i * offsets.length + k] = offsets[k] * scale;
  }
  return base;
}
