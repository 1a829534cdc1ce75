import { type Job, type Matrix, throwIfAborted } from "@revocab/core";
import { type Matrix64, transposed } from "@revocab/matrix";
import { type DenseProducts, type MatrixProduct, openMatrixProduct, type Transposition } from "@revocab/onnx";
import { inverseFactor } from "./inverse-factor.ts";

/**
 * Sums over pairs of rows: Σ x, Σ x xᵀ and Σ x yᵀ. Blocks of {@link BLOCK} rows are multiplied in f32 and added up in f64: the
 * error of a long sum is that of one block.
 */
export class StateSums {
  readonly width: number;
  readonly total: Float64Array;
  /** [d × d] Σ x xᵀ */
  readonly own: Float64Array;
  /** [d × d] Σ x yᵀ */
  readonly cross: Float64Array;
  /** Σ |y|² */
  squares = 0;
  count = 0;
  readonly #product: MatrixProduct;

  private constructor(width: number, product: MatrixProduct) {
    this.width = width;
    this.total = new Float64Array(width);
    this.own = new Float64Array(width * width);
    this.cross = new Float64Array(width * width);
    this.#product = product;
  }

  static async open(width: number, threads: number): Promise<StateSums> {
    return new StateSums(width, await openMatrixProduct({ transposeLeft: true, threads }));
  }

  /** @param x [n × d] @param y [n × d] @default no cross products */
  async add(x: Float32Array, y?: Float32Array): Promise<void> {
    const size = BLOCK * this.width;
    for (let start = 0; start < x.length; start += size) {
      await this.#addBlock(x.subarray(start, start + size), y?.subarray(start, start + size));
    }
  }

  async #addBlock(x: Float32Array, y: Float32Array | undefined): Promise<void> {
    const rows = x.length / this.width;
    for (let at = 0; at < x.length; at++) this.total[at % this.width] += x[at];
    const left = { rows, columns: this.width, data: x };
    addTo(this.own, (await this.#product.multiply(left, left)).data);
    if (y !== undefined) {
      for (const value of y) this.squares += value ** 2;
      addTo(this.cross, (await this.#product.multiply(left, { ...left, data: y })).data);
    }
    this.count += rows;
  }

  release(): Promise<void> {
    return this.#product.release();
  }
}

/** Rows multiplied at a time. */
const BLOCK = 4096;

/**
 * u [d] with u·h ≈ 1 over the hidden states h: (E[hhᵀ] + λI)⁻¹ E[h], λ = 10⁻³ of the mean of E[hhᵀ]'s diagonal. Adding
 * c·u to a head row adds c to its logits, as a bias would.
 */
export async function unitDirection(
  { width, total, own, count }: StateSums,
  products: DenseProducts,
  job?: Job,
): Promise<Float64Array> {
  const onRows = rowProgress(job, "fit a direction of all states", 3 * width);
  const second = square(
    width,
    own.map((value) => value / count),
  );
  addRidge(second, UNIT_RIDGE);
  const mean = { rows: width, columns: 1, data: total.map((value) => value / count) };
  return (await solve(second, mean, products, onRows)).data;
}

/** λ as a share of the mean diagonal. */
const UNIT_RIDGE = 1e-3;

/**
 * M [d × d] with M·h′ ≈ h: it maps the hidden states h′ of a text written in the new tokens to the states h of
 * the same text in the source's own tokens. Least squares, with a ridge towards the identity that weighs as
 * much as four positions of the text for each column: a short text changes little.
 * @param sums of pairs (h′, h)
 */
export async function stateMap(
  { width, own, cross, count }: StateSums,
  products: DenseProducts,
  job?: Job,
): Promise<Matrix64> {
  const onRows = rowProgress(job, "fit the map of states", 3 * width);
  const left = square(width, own.slice());
  const right = square(width, cross.slice());
  const ridge = addRidge(left, (POSITIONS_PER_COLUMN * width) / count);
  for (let i = 0; i < width; i++) right.data[i * width + i] += ridge;
  return transposed(await solve(left, right, products, onRows));
}

const POSITIONS_PER_COLUMN = 4;

/** Coordinates in which mapped states M·h′ vary about as much in every direction. */
export interface Whitening {
  /** [d × d] A: a state h′ becomes A·h′ = L⁻¹·M·h′. */
  readonly states: Matrix;
  /** [d × d] L: a row v becomes vᵀ·L, and its logits stay what they are. */
  readonly factor: Matrix;
  /** [d × d] L⁻¹: takes rows back. */
  readonly inverse: Matrix;
}

/**
 * L·Lᵀ is the second moment of the mapped states, with the mean of its diagonal added to the diagonal: directions in which states vary less than on average stay small,
 * for on them rests what a fit learns by heart.
 * @param sums of states h′
 */
export async function whitening(
  { width, own, count }: StateSums,
  map: Matrix64,
  products: DenseProducts,
  job?: Job,
): Promise<Whitening> {
  const onRows = rowProgress(job, "fit the spread of states", 5 * width);
  const multiply = async (left: Matrix64, right: Matrix64, transposition?: Transposition) => {
    const product = await products.multiply(left, right, transposition);
    onRows(width);
    return product;
  };
  const half = await multiply(
    map,
    square(
      width,
      own.map((value) => value / count),
    ),
  );
  const second = await multiply(half, map, { transposeRight: true });
  addRidge(second, WHITENING_RIDGE);
  const inverse = await inverseFactor(second, products, onRows);
  return {
    states: floats(await multiply(inverse, map)),
    factor: floats(await multiply(second, inverse, { transposeRight: true })),
    inverse: floats(inverse),
  };
}

const WHITENING_RIDGE = 1;

/**
 * X with A·X = B, for a symmetric positive definite A [d × d].
 * @param onRows is told of 3·d rows in all
 */
async function solve(
  matrix: Matrix64,
  right: Matrix64,
  products: DenseProducts,
  onRows: (count: number) => void,
): Promise<Matrix64> {
  const inverse = await inverseFactor(matrix, products, onRows);
  const half = await products.multiply(inverse, right);
  onRows(matrix.rows);
  const solution = await products.multiply(inverse, half, { transposeLeft: true });
  onRows(matrix.rows);
  return solution;
}

/** Adds up what is done of a step, and reports it. @throws RevocabError `aborted`, from the callback */
function rowProgress(job: Job | undefined, step: string, total: number): (count: number) => void {
  let done = 0;
  return (count) => {
    throwIfAborted(job?.abortSignal);
    done += count;
    job?.onProgress?.({ type: "progress", step, done, total, unit: "rows" });
  };
}

function square(width: number, data: Float64Array): Matrix64 {
  return { rows: width, columns: width, data };
}

export function floats({ rows, columns, data }: Matrix64): Matrix {
  return { rows, columns, data: Float32Array.from(data) };
}

/** Adds `share` of the mean diagonal to the diagonal; returns what was added. */
function addRidge({ rows: width, data }: Matrix64, share: number): number {
  let trace = 0;
  for (let i = 0; i < width; i++) trace += data[i * width + i];
  const ridge = (share * trace) / width;
  for (let i = 0; i < width; i++) data[i * width + i] += ridge;
  return ridge;
}

function addTo(sum: Float64Array, more: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += more[i];
}
