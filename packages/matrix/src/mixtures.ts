import { type Mixture, RevocabError } from "@revocab/core";

/** Collects the rows of a mixture in order. A class because its arrays grow and nothing else may hold them meanwhile. */
export class MixtureBuilder {
  #offsets = new Uint32Array(1024);
  #sources = new Uint32Array(4096);
  #weights = new Float32Array(4096);
  #rows = 0;
  #used = 0;

  /**
   * Appends Σ weights[i] · row sources[i]; the order of the sources is the order of summation.
   * @throws RevocabError shape_mismatch when the two lengths differ
   */
  addRow(sources: ArrayLike<number>, weights: ArrayLike<number>): void {
    if (sources.length !== weights.length) {
      throw new RevocabError(
        "shape_mismatch",
        `row ${this.#rows} of the mixture has ${sources.length} sources but ${weights.length} weights`,
      );
    }
    const end = this.#used + sources.length;
    if (end > this.#sources.length) {
      const capacity = Math.max(end, this.#sources.length * 2);
      this.#sources = grown(this.#sources, new Uint32Array(capacity));
      this.#weights = grown(this.#weights, new Float32Array(capacity));
    }
    this.#sources.set(sources, this.#used);
    this.#weights.set(weights, this.#used);
    this.#used = end;
    this.#closeRow();
  }

  /** Appends an empty row, which is left to the next method. */
  addEmpty(): void {
    this.#closeRow();
  }

  /** The rows added so far, in arrays of their own. */
  build(): Mixture {
    return {
      offsets: this.#offsets.slice(0, this.#rows + 1),
      sources: this.#sources.slice(0, this.#used),
      weights: this.#weights.slice(0, this.#used),
    };
  }

  #closeRow(): void {
    this.#rows++;
    if (this.#rows === this.#offsets.length) {
      this.#offsets = grown(this.#offsets, new Uint32Array(this.#rows * 2));
    }
    this.#offsets[this.#rows] = this.#used;
  }
}

function grown<T extends Uint32Array | Float32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

/** The sources and weights of one row, as views of the mixture's own arrays. */
export function mixtureRow(mixture: Mixture, row: number): { sources: Uint32Array; weights: Float32Array } {
  const start = mixture.offsets[row];
  const end = mixture.offsets[row + 1];
  return { sources: mixture.sources.subarray(start, end), weights: mixture.weights.subarray(start, end) };
}

/**
 * Everything a kernel trusts: the three arrays fit together, offsets start at 0 and never fall, every source is one of
 * the `sourceRows + basisRows` rows there are, every weight is finite.
 * @throws RevocabError shape_mismatch, bad_plan
 */
export function checkMixture(mixture: Mixture, sourceRows: number, basisRows: number): void {
  const { offsets, sources, weights } = mixture;
  if (offsets.length === 0 || offsets[0] !== 0) {
    throw new RevocabError("shape_mismatch", "the offsets of the mixture do not start at 0");
  }
  const rows = offsets.length - 1;
  for (let row = 0; row < rows; row++) {
    if (offsets[row + 1] < offsets[row]) {
      throw new RevocabError(
        "shape_mismatch",
        `the offsets of the mixture fall from ${offsets[row]} to ${offsets[row + 1]} at row ${row}`,
      );
    }
  }
  if (offsets[rows] !== sources.length || sources.length !== weights.length) {
    throw new RevocabError(
      "shape_mismatch",
      `the mixture's offsets end at ${offsets[rows]}, but it has ${sources.length} sources and ${weights.length} weights`,
    );
  }
  const bound = sourceRows + basisRows;
  for (let i = 0; i < sources.length; i++) {
    if (sources[i] >= bound) {
      throw new RevocabError(
        "bad_plan",
        `the mixture names source row ${sources[i]}, but there are ${sourceRows} rows and ${basisRows} basis rows`,
        { hint: "apply the plan to the model it was made for" },
      );
    }
    if (!Number.isFinite(weights[i])) {
      throw new RevocabError("bad_plan", `the mixture has weight ${weights[i]} for source row ${sources[i]}`);
    }
  }
}
