/** A stream of random numbers that the words of its seed decide: the same seed, the same mutants, on any machine. */
export function randomOf(...seed) {
  let state = hashOf(seed.join("/"));
  /** Uniform in [0, 1). */
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit) => Math.floor(next() * limit);
  return {
    /** The last word of the seed, which numbers the mutant. */
    number: seed.at(-1),
    next,
    /** A whole number in [0, limit). */
    below,
    /** Once in `times`. */
    oneIn: (times) => below(times) === 0,
    pick: (list) => list[below(list.length)],
    /** A number that is mostly small, and at times as large as `limit`. */
    skewed: (limit) => Math.floor(next() ** 4 * limit),
    /** `count` of what `make` gives. */
    many: (count, make) => Array.from({ length: count }, (_, place) => make(place)),
  };
}

/** FNV-1a over UTF-16 units. */
function hashOf(text) {
  let hash = 0x811c9dc5;
  for (let place = 0; place < text.length; place++) {
    hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
  }
  return hash;
}
