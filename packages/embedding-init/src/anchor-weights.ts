import type { InitContext, Matrix, TokenId } from "@revocab/core";
import { multiplyTransposed, selectRows, storedView } from "@revocab/matrix";
import type { TokenWeights } from "./similarity-mixtures.ts";
import { sparsemax } from "./sparsemax.ts";

/** Target tokens compared at a time: with 20,000 anchors a block of their cosines takes 40 MB. */
const BLOCK = 512;

/**
 * For each of `tokens`: weights sparsemax(cosines to all anchors), over the anchors' source ids.
 *
 * @param vectors [V_t × p] auxiliary vectors of the target's tokens
 * @param anchors target ids that the source has too
 */
export async function anchorWeights(
  { alignment: { sourceOf }, abortSignal, onProgress }: InitContext,
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
      ...(abortSignal && { abortSignal }),
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
    onProgress?.({
      type: "progress",
      step: "compare with shared tokens",
      done: Math.min(start + BLOCK, tokens.length),
      total: tokens.length,
      unit: "rows",
    });
  }
  return rows;
}
