import type { ScoreQuery } from "@revocab/core";

/** A sequence of which every token but the first is to be predicted. */
export function nextTokens(tokens: Uint32Array): ScoreQuery {
  const targets = tokens.subarray(1);
  return { tokens, positions: Uint32Array.from(targets.keys()), targets };
}
