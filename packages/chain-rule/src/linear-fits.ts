import { solvePositive } from "@revocab/matrix";
import { type MatrixProduct, openMatrixProduct } from "@revocab/onnx";

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
export function unitDirection({ width, total, own, count }: StateSums): Float64Array {
  const second = own.map((value) => value / count);
  addRidge(second, width, RIDGE);
  return solvePositive(
    second,
    width,
    total.map((value) => value / count),
    1,
  );
}

/** λ as a share of the mean diagonal. */
const RIDGE = 1e-3;

/** (E[zzᵀ] + λI)⁻¹ [d × d] over states z [n × d]. */
export async function inverseSecondMoment(
  states: Float32Array,
  width: number,
  threads: number,
): Promise<Float64Array> {
  const sums = await StateSums.open(width, threads);
  await sums.add(states);
  await sums.release();
  const second = sums.own.map((value) => value / sums.count);
  addRidge(second, width, RIDGE);
  const identity = new Float64Array(width * width);
  for (let i = 0; i < width; i++) identity[i * width + i] = 1;
  return solvePositive(second, width, identity, width);
}

/**
 * M [d × d], row-major, with M·h′ ≈ h: it maps the hidden states h′ of a text written in the new tokens to the states h of
 * the same text in the source's own tokens. Least squares, with a ridge towards the identity that weighs as
 * much as four positions of the text for each column: a short text changes little.
 * @param sums of pairs (h′, h)
 */
export function stateMap({ width, own, cross, count }: StateSums): Float64Array {
  const left = own.slice();
  const right = cross.slice();
  const ridge = addRidge(left, width, (POSITIONS_PER_COLUMN * width) / count);
  for (let i = 0; i < width; i++) right[i * width + i] += ridge;
  return transposed(solvePositive(left, width, right, width), width);
}

const POSITIONS_PER_COLUMN = 4;

function transposed(matrix: Float64Array, width: number): Float64Array {
  return matrix.map((_, at) => matrix[(at % width) * width + Math.floor(at / width)]);
}

/** Adds `share` of the mean diagonal to the diagonal; returns what was added. */
function addRidge(matrix: Float64Array, width: number, share: number): number {
  let trace = 0;
  for (let i = 0; i < width; i++) trace += matrix[i * width + i];
  const ridge = (share * trace) / width;
  for (let i = 0; i < width; i++) matrix[i * width + i] += ridge;
  return ridge;
}

function addTo(sum: Float64Array, more: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += more[i];
}
