import { type InitContext, type Matrix, quiet, type TokenId } from "@revocab/core";
import { multiplyTransposed, selectRows, storedView } from "@revocab/matrix";
import type { TokenWeights } from "./similarity-mixtures.ts";

/** Target tokens compared at a time: with 20,000 anchors a block of their cosines takes 40 MB. */
const BLOCK = 512;

/**
 * For each of `tokens`: weights sparsemax(cosines to all anchors), over the anchors' source ids.
 *
 * @param vectors [V_t × p] auxiliary vectors of the target's tokens
 * @param anchors target ids that the source has too
 */
export async function anchorWeights(
  { alignment: { sourceOf }, job }: InitContext,
  vectors: Matrix,
  tokens: readonly TokenId[],
  anchors: readonly TokenId[],
): Promise<TokenWeights> {
  const rows = new Map<TokenId, { sources: number[]; weights: number[] }>();
  if (anchors.length === 0) return rows;
  const right = storedView(selectRows(vectors, anchors));
  for (let start = 0; start < tokens.length; start += BLOCK) {
    const block = tokens.slice(start, start + BLOCK);
    const cosines = new Float32Array(block.length * anchors.length);
    await multiplyTransposed({
      left: selectRows(vectors, block),
      right,
      normalize: true,
      job: quiet(job),
      onBlock: (from, product) => {
        for (let i = 0; i < product.rows; i++) {
          const values = product.data.subarray(i * product.columns, (i + 1) * product.columns);
          cosines.set(values, i * anchors.length + from);
        }
      },
    });
    block.forEach((token, i) => {
      const weights = sparsemax(cosines.subarray(i * anchors.length, (i + 1) * anchors.length));
      const kept = Array.from(weights.keys()).filter((anchor) => weights[anchor] > 0);
      rows.set(token, {
        sources: kept.map((anchor) => sourceOf[anchors[anchor]]),
        weights: kept.map((anchor) => weights[anchor]),
      });
    });
    job?.onProgress?.({
      type: "progress",
      step: "compare with shared tokens",
      done: Math.min(start + BLOCK, tokens.length),
      total: tokens.length,
      unit: "rows",
    });
  }
  return rows;
}

/**
 * The point of the probability simplex nearest to z: like a softmax, but most weights are exactly 0.
 * With z sorted, k = max{j : j·z_j > Σ_{i≤j} z_i − 1} and τ = (Σ_{i≤k} z_i − 1) / k, it is max(z − τ, 0).
 *
 * Example: (0.1, 0.2, 0.3, 0.15) → (0.1625, 0.2625, 0.3625, 0.2125); (3, 0, 0) → (1, 0, 0).
 * @param z [n], n ≥ 1, finite
 * @see https://arxiv.org/abs/1602.02068
 */
export function sparsemax(z: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(z).sort().reverse();
  let sum = 0;
  let threshold = 0;
  for (let i = 0; i < sorted.length; i++) {
    sum += sorted[i];
    if ((i + 1) * sorted[i] <= sum - 1) break;
    threshold = (sum - 1) / (i + 1);
  }
  return Float64Array.from(z, (value) => Math.max(value - threshold, 0));
}
