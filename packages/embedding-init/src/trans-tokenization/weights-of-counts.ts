import type { InitContext, Role, TokenId } from "@revocab/core";
import type { TokenWeights } from "../similarity-mixtures.ts";
import type { TokenCounts } from "./token-counts.ts";

/** Each token's counts over their sum, the largest first; a special is the source's special in its place. */
export function weightsOfCounts(counts: TokenCounts, context: InitContext, role: Role): TokenWeights {
  const weights = new Map<TokenId, { readonly sources: number[]; readonly weights: number[] }>();
  for (const [token, source] of specialSources(context, role)) {
    weights.set(token, { sources: [source], weights: [1] });
  }
  for (const [token, row] of counts) {
    const sorted = [...row].sort(([a, x], [b, y]) => y - x || a - b);
    const total = sorted.reduce((sum, [, count]) => sum + count, 0);
    weights.set(token, {
      sources: sorted.map(([source]) => source),
      weights: sorted.map(([, count]) => count / total),
    });
  }
  return weights;
}

function specialSources({ alignment, target }: InitContext, role: Role): [TokenId, TokenId][] {
  const found: [TokenId, TokenId][] = [];
  for (let token = 0; token < target.vocabulary.size; token++) {
    if (target.vocabulary.kindOf(token) !== "special") continue;
    const ofHead = role === "output" ? alignment.headSourceOf?.get(token) : undefined;
    const source = ofHead ?? alignment.sourceOf[token];
    if (source >= 0) found.push([token, source]);
  }
  return found;
}
