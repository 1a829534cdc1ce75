/**
 * Which atoms are held in which place. When all places are taken, the atom that was not needed for longest makes room: a
 * caller that takes no more atoms than there are places keeps those it took.
 */
export class AtomPlaces {
  /** By atom, the one not needed for longest first. */
  readonly #places = new Map<number, number>();
  readonly #size: number;

  /** @param size number of places */
  constructor(size: number) {
    this.#size = size;
  }

  /** Gives each atom a place. @returns the atoms that were not held, each once: the caller fills their places */
  take(atoms: readonly number[]): readonly number[] {
    const missing: number[] = [];
    for (const atom of atoms) {
      const known = this.#places.get(atom);
      if (known === undefined) missing.push(atom);
      this.#places.delete(atom);
      this.#places.set(atom, known ?? this.#freePlace());
    }
    return missing;
  }

  /** Of an atom that was taken. */
  placeOf(atom: number): number {
    return this.#places.get(atom)!;
  }

  #freePlace(): number {
    if (this.#places.size < this.#size) return this.#places.size;
    const [[atom, place]] = this.#places;
    this.#places.delete(atom);
    return place;
  }
}
