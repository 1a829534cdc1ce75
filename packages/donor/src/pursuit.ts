/** The atoms picked for one row so far, with least squares over them in f64: DDᵀ of the picks = L·Lᵀ. A class because it grows. */
export class Pursuit {
  /** Atoms in the order in which they were picked. */
  readonly picks: number[] = [];
  /** ‖x‖ */
  readonly length: number;
  readonly #target: Float32Array;
  /** L, row after row without what lies above the diagonal */
  readonly #lower: Float64Array;
  /** [k] L⁻¹·D·x: its squares are what each pick explains of ‖x‖². */
  readonly #shares: Float64Array;
  /** [k] of each pick, Σ |cos| to all picks. */
  readonly #likeness: Float64Array;
  /** [k] lengths of the picks. */
  readonly #norms: Float64Array;
  #left: number;

  /** @param target x [d] */
  constructor(target: Float32Array, k: number) {
    this.#target = target;
    this.#lower = new Float64Array(rowStart(k));
    this.#shares = new Float64Array(k);
    this.#likeness = new Float64Array(k);
    this.#norms = new Float64Array(k);
    this.#left = dot(target, 0, target, 0, target.length);
    this.length = Math.sqrt(this.#left);
  }

  /** Whether nothing is left of x but what f32 rounds. */
  get isExact(): boolean {
    return this.#left <= NOTHING * this.length ** 2;
  }

  /**
   * Adds an atom.
   * @param products of the atom with each of `picks`, with itself and with x, in f64
   * @returns false for one that the picks span already, which is not added
   */
  add(atom: number, products: Float64Array): boolean {
    const size = this.picks.length;
    const at = rowStart(size);
    const lower = this.#lower;
    const square = products[size];
    let pivot = square;
    let share = products[size + 1];
    const norm = Math.sqrt(square);
    const cosines = new Float64Array(size);
    for (let j = 0, of = 0; j < size; of += ++j) {
      let value = products[j];
      cosines[j] = Math.abs(value) / (norm * this.#norms[j]);
      for (let i = 0; i < j; i++) value -= lower[at + i] * lower[of + i];
      value /= lower[of + j];
      lower[at + j] = value;
      pivot -= value ** 2;
      share -= value * this.#shares[j];
    }
    if (!(pivot > NOTHING * square)) return false;
    const root = Math.sqrt(pivot);
    lower[at + size] = root;
    this.#shares[size] = share / root;
    this.#left = Math.max(0, this.#left - this.#shares[size] ** 2);
    this.#norms[size] = norm;
    this.#likeness[size] = 1;
    for (let j = 0; j < size; j++) {
      this.#likeness[j] += cosines[j];
      this.#likeness[size] += cosines[j];
    }
    this.picks.push(atom);
    return true;
  }

  /** c with Σ c_j·D_j nearest to x over the first `size` picks. @default all */
  coefficients(size = this.picks.length): Float64Array {
    const result = this.#shares.slice(0, size);
    const lower = this.#lower;
    for (let i = size - 1; i >= 0; i--) {
      const at = rowStart(i);
      const value = result[i] / lower[at + i];
      result[i] = value;
      for (let j = 0; j < i; j++) result[j] -= lower[at + j] * value;
    }
    return result;
  }

  /** What the picks so far leave of x, as weights: to be read before the next pick. */
  residual(): Residual {
    const { picks, length } = this;
    const coefficients = this.coefficients();
    const shares = new Float64Array(picks.length);
    let likeness = 0;
    for (let j = 0; j < picks.length; j++) {
      shares[j] = (coefficients[j] * this.#norms[j]) / length;
      likeness = Math.max(likeness, this.#likeness[j]);
    }
    return { target: this.#target, picks, coefficients, shares, likeness };
  }

  /** ‖x − Σ c_j·D_j‖ / ‖x‖, 0 for a row of zeros. */
  get relativeError(): number {
    return this.length === 0 ? 0 : Math.sqrt(this.#left) / this.length;
  }
}

/** r = x − Σ c_j·D_j */
export interface Residual {
  /** x [d] */
  readonly target: Float32Array;
  readonly picks: readonly number[];
  readonly coefficients: Float64Array;
  /** c_j·‖D_j‖ / ‖x‖ */
  readonly shares: Float64Array;
  /** The largest Σ |cos| of a pick to all picks: no less than the largest eigenvalue of the picks' cosines. */
  readonly likeness: number;
}

/** ⟨r, D_i⟩ of an atom by its products with each pick, with itself and with x. */
export function productOfResidual({ coefficients }: Residual, products: Float64Array): number {
  const size = coefficients.length;
  let value = products[size + 1];
  for (let j = 0; j < size; j++) value -= coefficients[j] * products[j];
  return value;
}

/** Where row i of a lower triangle begins. */
function rowStart(i: number): number {
  return (i * (i + 1)) / 2;
}

/** As a share of squares: 2⁻⁴⁰ of them is 2⁻²⁰ of a length, about what f32 rounds in a row. */
const NOTHING = 2 ** -40;

/** Four sums at a time: a single one waits for each addition. */
export function dot(
  left: Float32Array,
  leftStart: number,
  right: Float32Array,
  rightStart: number,
  count: number,
): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    a += left[leftStart + i] * right[rightStart + i];
    b += left[leftStart + i + 1] * right[rightStart + i + 1];
    c += left[leftStart + i + 2] * right[rightStart + i + 2];
    d += left[leftStart + i + 3] * right[rightStart + i + 3];
  }
  for (; i < count; i++) a += left[leftStart + i] * right[rightStart + i];
  return a + b + (c + d);
}
