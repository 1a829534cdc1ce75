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

  /** Appends a row without evidence. */
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
