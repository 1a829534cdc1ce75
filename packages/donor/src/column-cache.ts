/**
 * Which columns are held in which place. When all places are taken, the column that was not needed for longest makes room: a
 * caller that takes no more columns than there are places keeps those it took.
 */
export class ColumnCache {
  /** By column, the one not needed for longest first. */
  readonly #places = new Map<number, number>();
  /** Number of places. */
  readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  /** Gives each column a place. @returns the columns that were not held, each once: the caller fills their places */
  take(columns: readonly number[]): readonly number[] {
    const missing: number[] = [];
    for (const column of columns) {
      const known = this.#places.get(column);
      if (known === undefined) missing.push(column);
      this.#places.delete(column);
      this.#places.set(column, known ?? this.#freePlace());
    }
    return missing;
  }

  /** Of a column that was taken. */
  placeOf(column: number): number {
    return this.#places.get(column)!;
  }

  #freePlace(): number {
    if (this.#places.size < this.size) return this.#places.size;
    const [[column, place]] = this.#places;
    this.#places.delete(column);
    return place;
  }
}
