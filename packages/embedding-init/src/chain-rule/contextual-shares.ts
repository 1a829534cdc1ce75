import type { TokenId } from "@revocab/core";
import { throwIfAborted } from "@revocab/matrix";
import { type MatrixProduct, openMatrixProduct } from "@revocab/onnx";

export interface ContextualSharesOptions {
  readonly width: number;
  /** [n × d] hidden states before the tokens of a text. */
  readonly states: Float64Array;
  /** [n] the token that follows each. */
  readonly tokens: Uint32Array;
  /** Tokens that compete: those that begin with one piece. */
  readonly groups: Iterable<readonly TokenId[]>;
  /** [V_t] log P̂(t | s₁), without context. */
  readonly logShares: Float64Array;
  /** u [d], with u·h ≈ 1. */
  readonly unit: Float64Array;
  /** [d × d] the inverse of the states' second moment. */
  readonly inverse: Float64Array;
  /** How many contexts the shares without context are worth. */
  readonly prior: number;
  readonly threads: number;
  readonly abortSignal?: AbortSignal | undefined;
  readonly onGroup?: (done: number) => void;
}

/**
 * δ_t [d] for the tokens that a text has: log P(t | s₁, h) ≈ log P̂(t | s₁)·(u·h) + δ_t·h, up to the same number for all
 * tokens of a group. A multinomial logistic regression in every group, by steps of Newton's method with one curvature for
 * all, held back by a normal prior that is worth `prior` contexts.
 */
export async function contextualShares(
  options: ContextualSharesOptions,
): Promise<Map<TokenId, Float64Array>> {
  const { groups, tokens, width, threads, abortSignal, onGroup } = options;
  const contextsOf = contextsByToken(tokens);
  const products: Products = {
    scores: await openMatrixProduct({ transposeRight: true, threads }),
    gradients: await openMatrixProduct({ transposeLeft: true, threads }),
    plain: await openMatrixProduct({ threads }),
  };
  const shares = new Map<TokenId, Float64Array>();
  try {
    let done = 0;
    for (const group of groups) {
      throwIfAborted(abortSignal);
      const seen = group.filter((token) => contextsOf.has(token));
      if (seen.length > 1) {
        const rows = await fitGroup(seen, contextsOf, products, options);
        for (const [k, token] of seen.entries()) {
          shares.set(token, rows.slice(k * width, (k + 1) * width));
        }
      }
      done++;
      onGroup?.(done);
    }
  } finally {
    for (const product of Object.values(products)) await product.release();
  }
  return shares;
}

interface Products {
  readonly scores: MatrixProduct;
  readonly gradients: MatrixProduct;
  readonly plain: MatrixProduct;
}

/** Shorter than a full step: the one curvature is that of rare tokens, and too small for frequent ones. */
const STEP = 0.3;
const STEPS = 12;
/** Contexts at a time: their probabilities are held for all tokens of a group. */
const BLOCK = 1024;

function contextsByToken(tokens: Uint32Array): Map<TokenId, number[]> {
  const contexts = new Map<TokenId, number[]>();
  tokens.forEach((token, at) => {
    const known = contexts.get(token);
    if (known === undefined) contexts.set(token, [at]);
    else known.push(at);
  });
  return contexts;
}

/** [tokens × d] δ of one group. */
async function fitGroup(
  group: readonly TokenId[],
  contextsOf: ReadonlyMap<TokenId, readonly number[]>,
  products: Products,
  { width, states, logShares, unit, inverse, prior }: ContextualSharesOptions,
): Promise<Float64Array> {
  const contexts = group.flatMap((token, k) => contextsOf.get(token)!.map((at) => ({ at, k })));
  const rows = new Float64Array(group.length * width);
  const offsets = group.map((token) => logShares[token]);
  const counts = group.map((token) => contextsOf.get(token)!.length);
  for (let step = 0; step < STEPS; step++) {
    const gradient = new Float64Array(rows.length);
    for (let start = 0; start < contexts.length; start += BLOCK) {
      const block = contexts.slice(start, start + BLOCK);
      const left = { rows: block.length, columns: width, data: new Float64Array(block.length * width) };
      for (const [i, { at }] of block.entries()) {
        left.data.set(states.subarray(at * width, (at + 1) * width), i * width);
      }
      const right = { rows: group.length, columns: width, data: rows };
      const scores = await products.scores.multiply(left, right);
      toResiduals(scores.data, block, left.data, offsets, unit);
      const part = await products.gradients.multiply(scores, left);
      for (let i = 0; i < gradient.length; i++) gradient[i] += part.data[i];
    }
    const whitened = await products.plain.multiply(
      { rows: group.length, columns: width, data: gradient },
      { rows: width, columns: width, data: inverse },
    );
    for (let i = 0; i < rows.length; i++) {
      const count = counts[Math.floor(i / width)];
      rows[i] += (STEP * (whitened.data[i] - prior * rows[i])) / (count + prior);
    }
  }
  return rows;
}

/** Scores [n × K] δ·h become residuals: 1 for the token that follows, less the probability of each. */
function toResiduals(
  scores: Float64Array,
  contexts: readonly { readonly k: number }[],
  states: Float64Array,
  offsets: readonly number[],
  unit: Float64Array,
): void {
  const size = offsets.length;
  contexts.forEach(({ k }, i) => {
    let scale = 0;
    for (let j = 0; j < unit.length; j++) scale += unit[j] * states[i * unit.length + j];
    const row = scores.subarray(i * size, (i + 1) * size);
    let largest = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < size; j++) {
      row[j] += offsets[j] * scale;
      if (row[j] > largest) largest = row[j];
    }
    let total = 0;
    for (let j = 0; j < size; j++) {
      row[j] = Math.exp(row[j] - largest);
      total += row[j];
    }
    for (let j = 0; j < size; j++) row[j] = (j === k ? 1 : 0) - row[j] / total;
  });
}
