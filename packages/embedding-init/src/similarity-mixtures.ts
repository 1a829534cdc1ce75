import type { Mixture, TokenId } from "@revocab/core";
import { MixtureBuilder } from "@revocab/matrix";

/** Weights over source ids for every token of a vocabulary that has evidence. */
export type TokenWeights = ReadonlyMap<
  TokenId,
  { readonly sources: ArrayLike<number>; readonly weights: ArrayLike<number> }
>;

/**
 * The rows of some tokens, taken from those of all tokens. A source that occurs twice in a row (two anchors of one row)
 * becomes one source with both weights; weights that are 0 in f32 are left out, and the others
 * scaled to sum 1.
 */
export function mixtureOfTokens(tokens: Uint32Array, rows: TokenWeights): Mixture {
  const builder = new MixtureBuilder();
  for (const token of tokens) {
    const row = rows.get(token);
    if (row === undefined) builder.addEmpty();
    else addConvex(builder, row.sources, row.weights);
  }
  return builder.build();
}

function addConvex(builder: MixtureBuilder, sources: ArrayLike<number>, weights: ArrayLike<number>): void {
  const sums = new Map<number, number>();
  for (let i = 0; i < sources.length; i++) sums.set(sources[i], (sums.get(sources[i]) ?? 0) + weights[i]);
  const kept = [...sums].filter(([, weight]) => Math.fround(weight) !== 0);
  const total = kept.reduce((sum, [, weight]) => sum + weight, 0);
  builder.addRow(
    kept.map(([source]) => source),
    kept.length === 1 ? [1] : kept.map(([, weight]) => weight / total),
  );
}
