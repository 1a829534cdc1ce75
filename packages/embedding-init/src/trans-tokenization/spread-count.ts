/**
 * How much of each target piece of a word comes from each source piece of its translation, [m × n]; every row sums to 1.
 *
 * Half of it from all pieces alike, half from those at the same place, as if both words were equally long: target piece j
 * takes up the stretch from j/m to (j + 1)/m, and what of that lies in the stretch of source piece i.
 *
 * Example, 3 source and 2 target pieces: ½·(⅓ ⅓ ⅓) + ½·(⅔ ⅓ 0) for the first, ½·(⅓ ⅓ ⅓) + ½·(0 ⅓ ⅔) for the second.
 */
export function spreadCount(sources: number, targets: number): Float64Array {
  const shares = new Float64Array(sources * targets);
  for (let j = 0; j < targets; j++) {
    for (let i = 0; i < sources; i++) {
      // stretches in units of 1 / (n · m), so that they are whole numbers
      const overlap = Math.min((i + 1) * targets, (j + 1) * sources) - Math.max(i * targets, j * sources);
      shares[j * sources + i] = 0.5 / sources + (0.5 * Math.max(overlap, 0)) / sources;
    }
  }
  return shares;
}
