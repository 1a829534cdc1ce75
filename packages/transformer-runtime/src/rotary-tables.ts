import type { RotaryDescription } from "./description.ts";

/** Cosines and sines of one rotary embedding for positions 0 … n − 1, kept until others are needed. */
export class RotaryTables {
  readonly #description: RotaryDescription;
  #inverse: Float32Array = new Float32Array(0);
  #factor = 1;
  #positions = 0;
  #cosine: Float32Array = new Float32Array(0);
  #sine: Float32Array = new Float32Array(0);

  constructor(description: RotaryDescription) {
    this.#description = description;
  }

  /**
   * Writes the values for positions [start, end) of a sequence of `length`, each [(end − start) × dimension / 2].
   */
  fill(start: number, end: number, length: number, cosine: Float32Array, sine: Float32Array): void {
    const half = this.#description.dimension / 2;
    this.#prepare(length, half);
    cosine.set(this.#cosine.subarray(start * half, end * half));
    sine.set(this.#sine.subarray(start * half, end * half));
  }

  #prepare(length: number, half: number): void {
    const { inverse, factor } = this.#description.frequencies(length);
    const isSame = factor === this.#factor && inverse.every((value, i) => value === this.#inverse[i]);
    if (isSame && length <= this.#positions) return;
    const positions = Math.max(64, 2 ** Math.ceil(Math.log2(length)));
    this.#cosine = new Float32Array(positions * half);
    this.#sine = new Float32Array(positions * half);
    for (let position = 0; position < positions; position++) {
      for (let i = 0; i < half; i++) {
        const angle = Math.fround(position * inverse[i]); // as the reference library rounds it
        this.#cosine[position * half + i] = Math.cos(angle) * factor;
        this.#sine[position * half + i] = Math.sin(angle) * factor;
      }
    }
    this.#inverse = inverse;
    this.#factor = factor;
    this.#positions = positions;
  }
}
