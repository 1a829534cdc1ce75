import type { WordVectors } from "@revocab/word-vectors";

/** Words and their vectors as rows, in memory. */
export function vectorsOf(words: readonly string[], rows: readonly (readonly number[])[]): WordVectors {
  const dimension = rows[0].length;
  const data = Float32Array.from(rows.flat());
  const places = new Map(words.map((word, place) => [word, place]));
  return {
    dimension,
    words,
    counts: undefined,
    hasSubwords: false,
    indexOf: (word) => places.get(word),
    vectorOf: (word) => {
      const place = places.get(word);
      return place === undefined ? undefined : data.slice(place * dimension, (place + 1) * dimension);
    },
    rows: (start, count) => ({
      rows: count,
      columns: dimension,
      data: data.slice(start * dimension, (start + count) * dimension),
    }),
  };
}
