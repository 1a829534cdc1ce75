/** Which word of a source line is linked to which word of the target line, for every line of a parallel text. */
export interface WordAlignment {
  /** [lines + 1] the links of line i are those from `offsets[i]` to `offsets[i + 1]`. */
  readonly offsets: Uint32Array;
  /** [links] numbers of words in their source line, from 0; ascending within a line. */
  readonly source: Uint32Array;
  /** [links] numbers of words in their target line; ascending where the source is the same. */
  readonly target: Uint32Array;
}

/** Collects the links of one line after another. */
export class WordAlignmentBuilder {
  readonly #offsets = [0];
  readonly #source: number[] = [];
  readonly #target: number[] = [];

  /** @param links pairs of a source and a target word, in any order, each once */
  addLine(links: readonly (readonly [number, number])[]): void {
    for (const [i, j] of links.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])) {
      this.#source.push(i);
      this.#target.push(j);
    }
    this.#offsets.push(this.#source.length);
  }

  build(): WordAlignment {
    return {
      offsets: Uint32Array.from(this.#offsets),
      source: Uint32Array.from(this.#source),
      target: Uint32Array.from(this.#target),
    };
  }
}
