import type { Matrix } from "@revocab/core";

/**
 * The k best rows of each of m queries so far: for each a heap with the worst at its root. Of equal similarities the
 * lower id is the better.
 */
export class TopNeighbors {
  readonly #k: number;
  /** [m × k] */
  readonly #ids: Uint32Array;
  /** [m × k], −∞ where nothing stands yet. */
  readonly #similarities: Float32Array;

  constructor(queries: number, k: number) {
    this.#k = k;
    this.#ids = new Uint32Array(queries * k).fill(0xffff_ffff);
    this.#similarities = new Float32Array(queries * k).fill(Number.NEGATIVE_INFINITY);
  }

  /**
   * Rows start … start + block.columns, after all rows that were offered before.
   * @param block [m × count] similarities
   * @param isCandidate [n] by row
   */
  offer(start: number, { rows, columns, data }: Matrix, isCandidate: Uint8Array): void {
    for (let query = 0; query < rows; query++) {
      const root = query * this.#k;
      let worst = this.#similarities[root];
      for (let column = 0, at = query * columns; column < columns; column++, at++) {
        const similarity = data[at];
        if (similarity > worst && isCandidate[start + column] === 1) {
          this.#sink(root, this.#k, 0, start + column, similarity);
          worst = this.#similarities[root];
        }
      }
    }
  }

  /** A row that may have any place among those offered before, but was not among them. */
  offerRow(query: number, id: number, similarity: number): void {
    const root = query * this.#k;
    const worst = this.#similarities[root];
    if (similarity < worst || (similarity === worst && id > this.#ids[root])) return;
    this.#sink(root, this.#k, 0, id, similarity);
  }

  /** The k-th best similarity so far; −∞ while there are fewer. */
  worstOf(query: number): number {
    return this.#similarities[query * this.#k];
  }

  /** Writes [m × k], the best first; nothing can be offered afterwards. */
  writeSorted(ids: Uint32Array, similarities: Float32Array): void {
    const k = this.#k;
    for (let root = 0; root < this.#ids.length; root += k) {
      for (let size = k - 1; size >= 0; size--) {
        ids[root + size] = this.#ids[root];
        similarities[root + size] = this.#similarities[root];
        this.#sink(root, size, 0, this.#ids[root + size], this.#similarities[root + size]);
      }
    }
  }

  /** Puts an entry in place of the one at `hole`, or below it, in a heap of `size`. */
  #sink(root: number, size: number, hole: number, id: number, similarity: number): void {
    const ids = this.#ids;
    const similarities = this.#similarities;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#isWorse(root + child + 1, root + child)) child++;
      const value = similarities[root + child];
      if (value > similarity || (value === similarity && ids[root + child] < id)) break;
      ids[root + hole] = ids[root + child];
      similarities[root + hole] = value;
      hole = child;
    }
    if (size === 0) return;
    ids[root + hole] = id;
    similarities[root + hole] = similarity;
  }

  #isWorse(a: number, b: number): boolean {
    const difference = this.#similarities[a] - this.#similarities[b];
    return difference < 0 || (difference === 0 && this.#ids[a] > this.#ids[b]);
  }
}
