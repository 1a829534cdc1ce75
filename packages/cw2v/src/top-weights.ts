import { type Job, RevocabError, type TokenId, throwIfAborted } from "@revocab/core";
import type { TokenWeights } from "@revocab/embedding-init/internal";
import type { DenseProducts } from "@revocab/onnx";
import { type LearnedMixture, mixtureWeights, tokensAtATime } from "./learned-mixture.ts";

export interface TopWeights {
  /** For each new token the heaviest sources, heaviest first; not scaled up for those that were cut. */
  readonly rows: TokenWeights;
  /** What the weights that were cut sum to. */
  readonly cut: { readonly mean: number; readonly most: number };
}

/**
 * The heaviest weights of every new token.
 * @param newTokens target ids by row of A₁
 * @param candidates source ids by column of A₂
 */
export async function topWeights(
  mixture: LearnedMixture,
  {
    newTokens,
    candidates,
    top,
    products,
    job,
  }: {
    readonly newTokens: Uint32Array;
    readonly candidates: Uint32Array;
    readonly top: number;
    readonly products: DenseProducts;
    readonly job?: Job;
  },
): Promise<TopWeights> {
  const rows = new Map<TokenId, { sources: Uint32Array; weights: Float64Array }>();
  let [cutSum, most] = [0, 0];
  const size = tokensAtATime(candidates.length);
  for (let start = 0; start < newTokens.length; start += size) {
    throwIfAborted(job?.abortSignal);
    const block = newTokens.subarray(start, start + size);
    const own = block.map((_, i) => start + i);
    const { columns, data } = await mixtureWeights(mixture, own, products);
    block.forEach((token, i) => {
      const all = data.subarray(i * columns, (i + 1) * columns);
      const places = heaviest(all, top);
      const weights = Float64Array.from(places, (place) => all[place]);
      const kept = weights.reduce((sum, weight) => sum + weight, 0);
      if (!(kept > 0)) {
        throw new RevocabError("not_finite", `cw2v learned no weights for the target's token ${token}`);
      }
      const cut = Math.max(0, 1 - kept);
      cutSum += cut;
      most = Math.max(most, cut);
      rows.set(token, { sources: Uint32Array.from(places, (place) => candidates[place]), weights });
    });
  }
  return { rows, cut: { mean: newTokens.length === 0 ? 0 : cutSum / newTokens.length, most } };
}

/** Places of the `count` largest values, largest first, of equal ones the first: each is put where it belongs among those before. */
function heaviest(values: Float32Array, count: number): Uint32Array {
  if (count >= values.length) {
    return Uint32Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b);
  }
  const places = new Uint32Array(count + 1);
  let used = 0;
  for (let place = 0; place < values.length; place++) {
    if (used === count && values[place] <= values[places[count - 1]]) continue;
    let at = used;
    while (at > 0 && values[places[at - 1]] < values[place]) {
      places[at] = places[at - 1];
      at--;
    }
    places[at] = place;
    used = Math.min(count, used + 1);
  }
  return places.slice(0, used);
}
