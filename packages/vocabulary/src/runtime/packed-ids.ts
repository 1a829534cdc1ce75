/** Lists of ids as two arrays: hundreds of small ones take longer to send than to make. */
export interface PackedIds {
  /** All ids, one list after the other. */
  readonly ids: Uint32Array;
  /** [lists] where each list ends among them. */
  readonly ends: Uint32Array;
}

export function packIds(lists: readonly ArrayLike<number>[]): PackedIds {
  const ends = new Uint32Array(lists.length);
  let end = 0;
  for (const [place, list] of lists.entries()) {
    end += list.length;
    ends[place] = end;
  }
  const ids = new Uint32Array(end);
  for (const [place, list] of lists.entries()) ids.set(list, ends[place] - list.length);
  return { ids, ends };
}

export function unpackIds({ ids, ends }: PackedIds): Uint32Array[] {
  return Array.from(ends, (end, place) => ids.slice(place === 0 ? 0 : ends[place - 1], end));
}
