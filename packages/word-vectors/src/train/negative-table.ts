import { probabilityThreshold } from "./keep-thresholds.ts";

/**
 * Walker's alias table for words as probable as the square root of their count: draw a column evenly, then 32 random bits; at
 * most the threshold means the column's own word, else its alias.
 *
 * fastText draws from a list of ten million words, whose 40 MB miss every cache; these 8 bytes a word give the same odds.
 * @returns [words] of (threshold, alias)
 */
export function negativeTable(counts: Float64Array): Uint32Array {
  const roots = counts.map(Math.sqrt);
  const mean = roots.reduce((sum, root) => sum + root, 0) / roots.length;
  const shares = roots.map((root) => root / mean);
  const table = new Uint32Array(2 * counts.length);
  const poor: number[] = [];
  const rich: number[] = [];
  const sort = (word: number) => (shares[word] < 1 ? poor : rich).push(word);
  shares.forEach((_, word) => {
    sort(word);
  });
  while (poor.length > 0 && rich.length > 0) {
    const [word, giver] = [poor.pop() as number, rich.pop() as number];
    table[2 * word] = probabilityThreshold(shares[word]);
    table[2 * word + 1] = giver;
    shares[giver] -= 1 - shares[word];
    sort(giver);
  }
  // What is left has a share of 1 but for rounding.
  for (const word of [...poor, ...rich]) table.set([0xffff_ffff, word], 2 * word);
  return table;
}
