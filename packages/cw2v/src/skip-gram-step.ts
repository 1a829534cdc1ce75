import type { Matrix } from "@revocab/core";
import type { Cw2vLoss } from "./settings.ts";

/** Pairs of a center and a token in its window, each with as many negatives; numbers of rows. */
export interface PairBatch {
  /** [pairs] */
  readonly centers: Uint32Array;
  /** [pairs] */
  readonly contexts: Uint32Array;
  /** [pairs × negatives] */
  readonly negatives: Uint32Array;
}

export interface SkipGramStepOptions {
  readonly pairs: PairBatch;
  readonly loss: Cw2vLoss;
  /** W [centers × d] */
  readonly centerRows: Matrix;
  /** V [contexts × d] */
  readonly contextRows: Matrix;
  /** Where the gradients of the mean loss are added, in the shapes of the rows. @default they are not computed */
  readonly gradients?: { readonly centers: Float32Array; readonly contexts: Float32Array };
}

/**
 * The mean loss of skip-gram with negative sampling over some pairs, and its gradients.
 *
 * standard: −ln σ(w·v) − Σ_k ln σ(−w·v_k) · as-published: −ln σ(w·v) − ln σ(−Σ_k w·v_k)
 */
export function skipGramStep({
  pairs,
  loss,
  centerRows,
  contextRows,
  gradients,
}: SkipGramStepOptions): number {
  const { centers, contexts, negatives } = pairs;
  const count = centers.length;
  const perPair = count === 0 ? 0 : negatives.length / count;
  const d = centerRows.columns;
  const scores = new Float64Array(perPair);
  let total = 0;
  for (let pair = 0; pair < count; pair++) {
    const center = centers[pair] * d;
    const positive = dot(centerRows.data, center, contextRows.data, contexts[pair] * d, d);
    total += softplus(-positive);
    let sum = 0;
    for (let k = 0; k < perPair; k++) {
      scores[k] = dot(centerRows.data, center, contextRows.data, negatives[pair * perPair + k] * d, d);
      sum += scores[k];
    }
    if (loss === "as-published") scores.fill(sum);
    if (loss === "as-published") total += softplus(sum);
    else for (let k = 0; k < perPair; k++) total += softplus(scores[k]);
    if (gradients === undefined) continue;
    move(gradients, -sigmoid(-positive) / count, center, contexts[pair] * d);
    for (let k = 0; k < perPair; k++) {
      move(gradients, sigmoid(scores[k]) / count, center, negatives[pair * perPair + k] * d);
    }
  }
  return count === 0 ? 0 : total / count;

  /** d loss / d score is `slope`, and the score is the product of both rows. */
  function move(
    into: { readonly centers: Float32Array; readonly contexts: Float32Array },
    slope: number,
    center: number,
    context: number,
  ): void {
    const [w, v, dw, dv] = [centerRows.data, contextRows.data, into.centers, into.contexts];
    for (let j = 0; j < d; j++) {
      dw[center + j] += slope * v[context + j];
      dv[context + j] += slope * w[center + j];
    }
  }
}

/** Four sums at once: one alone waits for each addition before the next. */
function dot(a: Float32Array, aAt: number, b: Float32Array, bAt: number, d: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const fours = d - (d % 4);
  for (let j = 0; j < fours; j += 4) {
    s0 += a[aAt + j] * b[bAt + j];
    s1 += a[aAt + j + 1] * b[bAt + j + 1];
    s2 += a[aAt + j + 2] * b[bAt + j + 2];
    s3 += a[aAt + j + 3] * b[bAt + j + 3];
  }
  for (let j = fours; j < d; j++) s0 += a[aAt + j] * b[bAt + j];
  return s0 + s1 + (s2 + s3);
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** ln(1 + eˣ) = −ln σ(−x), without overflow. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
