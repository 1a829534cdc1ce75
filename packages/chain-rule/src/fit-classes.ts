import { type Job, throwIfAborted } from "@revocab/core";
import { type MatrixProduct, openMatrixProduct } from "@revocab/onnx";

/** One position of the text: the state before it, and the class that follows. */
export interface ClassContext {
  /** The row of the state. */
  readonly at: number;
  /** The class that follows. */
  readonly k: number;
}

export interface FitClassesOptions {
  readonly width: number;
  /** [n × d] */
  readonly states: Float64Array;
  readonly contexts: readonly ClassContext[];
  /** K */
  readonly classes: number;
  /** [contexts × K] logits before the fit, for a block of contexts whose states are [contexts × d]. */
  readonly baseOf: (states: Float64Array, contexts: number) => Promise<Float64Array>;
  /** [d × d] the inverse of the states' second moment. */
  readonly inverse: Float64Array;
  /** How many contexts the uncorrected probability of a class is worth. */
  readonly prior: number;
  readonly products: FitProducts;
  readonly job?: Job;
}

export interface FitProducts {
  readonly scores: MatrixProduct;
  readonly gradients: MatrixProduct;
  readonly plain: MatrixProduct;
}

export async function openFitProducts(threads: number): Promise<FitProducts> {
  return {
    scores: await openMatrixProduct({ transposeRight: true, threads }),
    gradients: await openMatrixProduct({ transposeLeft: true, threads }),
    plain: await openMatrixProduct({ threads }),
  };
}

export async function releaseFitProducts(products: FitProducts): Promise<void> {
  for (const product of Object.values(products)) await product.release();
}

/** Shorter than a full Newton step: the shared curvature fits rare classes, and is too small for frequent ones. */
const STEP = 0.3;
const STEPS = 12;
/** Contexts at a time: the probabilities of all classes are held for each. */
const BLOCK = 1024;

/**
 * δ [K × d]: log P(k | h) ≈ base_k(h) + δ_k·h, up to a constant that all classes share. A multinomial logistic regression by
 * Newton's method with one curvature for all classes, regularized by a normal prior that is worth `prior` contexts.
 */
export async function fitClasses({
  width,
  states,
  contexts,
  classes,
  baseOf,
  inverse,
  prior,
  products,
  job,
}: FitClassesOptions): Promise<Float64Array> {
  const rows = new Float64Array(classes * width);
  const counts = new Float64Array(classes);
  for (const { k } of contexts) counts[k]++;
  for (let step = 0; step < STEPS; step++) {
    throwIfAborted(job?.abortSignal);
    const gradient = new Float64Array(rows.length);
    for (let start = 0; start < contexts.length; start += BLOCK) {
      const block = contexts.slice(start, start + BLOCK);
      const scores = await scoresOf(block, { width, states, classes, baseOf, products }, rows);
      toResiduals(scores.logits, block, classes);
      const part = await products.gradients.multiply(
        { rows: block.length, columns: classes, data: scores.logits },
        { rows: block.length, columns: width, data: scores.states },
      );
      for (let i = 0; i < gradient.length; i++) gradient[i] += part.data[i];
    }
    const whitened = await products.plain.multiply(
      { rows: classes, columns: width, data: gradient },
      { rows: width, columns: width, data: inverse },
    );
    for (let i = 0; i < rows.length; i++) {
      const count = counts[Math.floor(i / width)];
      rows[i] += (STEP * (whitened.data[i] - prior * rows[i])) / (count + prior);
    }
  }
  return rows;
}

/**
 * Mean −log2 P(k | h) over contexts, bits.
 * @param rows δ [K × d]
 */
export async function bitsOfClasses(
  { width, states, contexts, classes, baseOf, products }: Omit<FitClassesOptions, "inverse" | "prior">,
  rows: Float64Array,
): Promise<number> {
  let bits = 0;
  for (let start = 0; start < contexts.length; start += BLOCK) {
    const block = contexts.slice(start, start + BLOCK);
    const scores = await scoresOf(block, { width, states, classes, baseOf, products }, rows);
    block.forEach(({ k }, i) => {
      const row = scores.logits.subarray(i * classes, (i + 1) * classes);
      const largest = row.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY);
      const total = row.reduce((sum, score) => sum + Math.exp(score - largest), 0);
      bits += (Math.log(total) + largest - row[k]) / Math.LN2;
    });
  }
  return bits / contexts.length;
}

/** Logits [n × K] of a block of contexts, and their states [n × d]. */
async function scoresOf(
  block: readonly ClassContext[],
  {
    width,
    states,
    classes,
    baseOf,
    products,
  }: Pick<FitClassesOptions, "width" | "states" | "classes" | "baseOf" | "products">,
  rows: Float64Array,
): Promise<{ readonly logits: Float64Array; readonly states: Float64Array }> {
  const data = new Float64Array(block.length * width);
  for (const [i, { at }] of block.entries()) {
    data.set(states.subarray(at * width, (at + 1) * width), i * width);
  }
  const left = { rows: block.length, columns: width, data };
  const logits = (await products.scores.multiply(left, { rows: classes, columns: width, data: rows })).data;
  const base = await baseOf(data, block.length);
  for (let i = 0; i < base.length; i++) logits[i] += base[i];
  return { logits, states: data };
}

/** Logits [n × K] become residuals: 1 for the class that follows, less the probability of each. */
function toResiduals(scores: Float64Array, contexts: readonly ClassContext[], classes: number): void {
  contexts.forEach(({ k }, i) => {
    const row = scores.subarray(i * classes, (i + 1) * classes);
    let largest = Number.NEGATIVE_INFINITY;
    for (const score of row) if (score > largest) largest = score;
    let total = 0;
    for (let j = 0; j < classes; j++) {
      row[j] = Math.exp(row[j] - largest);
      total += row[j];
    }
    for (let j = 0; j < classes; j++) row[j] = (j === k ? 1 : 0) - row[j] / total;
  });
}
