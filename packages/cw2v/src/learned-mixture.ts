import type { Matrix } from "@revocab/core";
import { selectRows } from "@revocab/matrix";
import type { DenseProducts } from "@revocab/onnx";
import type { AdamMatrix } from "./adam.ts";
import type { SourceRows } from "./source-rows.ts";

/** The factors of one mixture, softmax_rows(A₁ · A₂), and the tables whose rows it mixes. */
export interface LearnedMixture {
  /** A₁ [n × rank] */
  readonly a1: AdamMatrix;
  /** A₂ [rank × candidates] */
  readonly a2: AdamMatrix;
  /** One table, or two (input and head) that share the weights. */
  readonly tables: readonly SourceRows[];
}

export interface MixedRows {
  /** For each table, the rows of the touched tokens in their order, [touched × d]. */
  readonly rows: readonly Matrix[];
  /** The weights P of the first blocks of tokens, as far as `keepBytes` allows. */
  readonly kept: readonly Matrix[];
}

export interface MixtureGradients {
  /** [touched × rank] */
  readonly a1: Float32Array;
  /** [rank × candidates] */
  readonly a2: Float32Array;
}

/**
 * The new rows P · E of some tokens, P = softmax_rows(A₁ · A₂), a block of tokens at a time.
 * @param touched rows of A₁
 * @param keepBytes bytes of weights to keep for {@link mixtureGradients}, which computes the others again
 */
export async function mixRows(
  mixture: LearnedMixture,
  touched: Uint32Array,
  products: DenseProducts,
  keepBytes: number,
): Promise<MixedRows> {
  const rows = mixture.tables.map(({ columns }) => zeros(touched.length, columns));
  const kept: Matrix[] = [];
  let left = keepBytes;
  for (const { start, block } of tokenBlocks(mixture, touched)) {
    const weights = await mixtureWeights(mixture, block, products);
    for (const [i, table] of mixture.tables.entries()) {
      const into = rows[i].data.subarray(start * table.columns, (start + block.length) * table.columns);
      for (const { start: from, block: sources } of table.blocks()) {
        const part = columnsOf(weights, from, sources.rows);
        add(into, (await products.multiply(part, sources)).data);
      }
    }
    left -= weights.data.byteLength;
    if (left >= 0) kept.push(weights);
  }
  return { rows, kept };
}

/** The weights of some tokens, [tokens × candidates]: each row ≥ 0 with sum 1. */
export async function mixtureWeights(
  { a1, a2 }: LearnedMixture,
  tokens: Uint32Array,
  products: DenseProducts,
): Promise<Matrix> {
  const weights = await products.multiply(selectRows(a1, tokens), a2);
  softmaxRows(weights);
  return weights;
}

/**
 * The gradients of A₁'s touched rows and of A₂, from those of the rows (one matrix for each table).
 *
 * With G the gradient of the rows, Q = G · Eᵀ is that of the weights, D = P ⊙ (Q − rowsum(P ⊙ Q)) that of A₁ · A₂, and so
 * D · A₂ᵀ and A₁ᵀ · D those of the factors.
 */
export async function mixtureGradients(
  mixture: LearnedMixture,
  touched: Uint32Array,
  { kept }: MixedRows,
  rowGradients: readonly Matrix[],
  products: DenseProducts,
): Promise<MixtureGradients> {
  const { a1, a2, tables } = mixture;
  const gradients = {
    a1: new Float32Array(touched.length * a1.columns),
    a2: new Float32Array(a2.rows * a2.columns),
  };
  for (const { index, start, block } of tokenBlocks(mixture, touched)) {
    const weights = kept[index] ?? (await mixtureWeights(mixture, block, products));
    const slopes = zeros(block.length, a2.columns);
    for (const [i, table] of tables.entries()) {
      const gradient = rowRange(rowGradients[i], start, block.length);
      for (const { start: from, block: sources } of table.blocks()) {
        const part = await products.multiply(gradient, sources, { transposeRight: true });
        addColumns(slopes, from, part);
      }
    }
    throughSoftmax(weights, slopes);
    const own = await products.multiply(slopes, a2, { transposeRight: true });
    gradients.a1.set(own.data, start * a1.columns);
    add(gradients.a2, (await products.multiply(selectRows(a1, block), slopes, { transposeLeft: true })).data);
  }
  return gradients;
}

/** Bytes of weights in a block. */
const BLOCK_BYTES = 64 << 20;
const MOST_TOKENS = 4096;

/** How many tokens are mixed at a time. The same on every machine, because the rounding of sums over blocks depends on it. */
export function tokensAtATime(candidates: number): number {
  return Math.max(64, Math.min(MOST_TOKENS, Math.floor(BLOCK_BYTES / (4 * candidates))));
}

function* tokenBlocks({ a2 }: LearnedMixture, touched: Uint32Array) {
  const size = tokensAtATime(a2.columns);
  for (let start = 0, index = 0; start < touched.length; start += size, index++) {
    yield { index, start, block: touched.subarray(start, start + size) };
  }
}

function rowRange({ columns, data }: Matrix, start: number, rows: number): Matrix {
  return { rows, columns, data: data.subarray(start * columns, (start + rows) * columns) };
}

function columnsOf(matrix: Matrix, start: number, count: number): Matrix {
  if (count === matrix.columns) return matrix;
  const part = zeros(matrix.rows, count);
  for (let row = 0; row < matrix.rows; row++) {
    const from = row * matrix.columns + start;
    part.data.set(matrix.data.subarray(from, from + count), row * count);
  }
  return part;
}

function addColumns(into: Matrix, start: number, part: Matrix): void {
  for (let row = 0; row < part.rows; row++) {
    const at = row * into.columns + start;
    const from = row * part.columns;
    for (let j = 0; j < part.columns; j++) into.data[at + j] += part.data[from + j];
  }
}

function add(into: Float32Array, values: Float32Array): void {
  for (let i = 0; i < into.length; i++) into[i] += values[i];
}

function zeros(rows: number, columns: number): Matrix {
  return { rows, columns, data: new Float32Array(rows * columns) };
}

function softmaxRows({ rows, columns, data }: Matrix): void {
  for (let start = 0; start < rows * columns; start += columns) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = start; i < start + columns; i++) if (data[i] > largest) largest = data[i];
    let total = 0;
    for (let i = start; i < start + columns; i++) {
      const value = Math.exp(data[i] - largest);
      data[i] = value;
      total += value;
    }
    const scale = 1 / total;
    for (let i = start; i < start + columns; i++) data[i] *= scale;
  }
}

/** Turns the gradient of the weights into that of the logits, in place. */
function throughSoftmax(weights: Matrix, slopes: Matrix): void {
  const { rows, columns } = slopes;
  const [p, q] = [weights.data, slopes.data];
  for (let start = 0; start < rows * columns; start += columns) {
    let mean = 0;
    for (let i = start; i < start + columns; i++) mean += p[i] * q[i];
    for (let i = start; i < start + columns; i++) q[i] = p[i] * (q[i] - mean);
  }
}
