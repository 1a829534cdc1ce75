import type { TokenId, Vocabulary } from "@revocab/core";

/** The text and byte tokens sorted by their bytes, so that all that begin alike stand together. */
export interface TokenOrder {
  readonly ids: Uint32Array;
  /** The bytes of the longest token. */
  readonly longest: number;
  /** The byte at `depth` of the token at `place`, −1 past its end. */
  byteAt(place: number, depth: number): number;
  /** Of the places [from, to), whose tokens agree in their first `depth` bytes, those that go on with `byte`. */
  narrow(range: Range, depth: number, byte: number): Range;
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

export function tokenOrder(vocabulary: Vocabulary): TokenOrder {
  const unsorted: TokenId[] = [];
  for (let id = 0; id < vocabulary.size; id++) {
    const kind = vocabulary.kindOf(id);
    if ((kind === "text" || kind === "byte") && vocabulary.bytesOf(id).length > 0) unsorted.push(id);
  }
  const bytes = new Map(unsorted.map((id) => [id, vocabulary.bytesOf(id)]));
  unsorted.sort((a, b) => Buffer.compare(bytes.get(a)!, bytes.get(b)!) || a - b);
  const sorted = unsorted.map((id) => bytes.get(id)!);
  const byteAt = (place: number, depth: number): number => sorted[place][depth] ?? -1;
  const firstNotBelow = ({ from, to }: Range, depth: number, byte: number): number => {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (byteAt(middle, depth) < byte) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    ids: Uint32Array.from(unsorted),
    longest: sorted.reduce((most, token) => Math.max(most, token.length), 0),
    byteAt,
    narrow: (range, depth, byte) => ({
      from: firstNotBelow(range, depth, byte),
      to: firstNotBelow(range, depth, byte + 1),
    }),
  };
}
