import { type MatrixProduct, openMatrixProduct } from "@revocab/onnx";

/** Sums over pairs of rows: Σ x, Σ x xᵀ and Σ x yᵀ, in f64. */
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
  async add(x: Float64Array, y?: Float64Array): Promise<void> {
    const rows = x.length / this.width;
    if (rows === 0) return;
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

function addTo(sum: Float64Array, more: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += more[i];
}
