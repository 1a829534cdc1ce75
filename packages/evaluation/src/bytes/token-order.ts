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

/** Made once for a vocabulary. */
export function tokenOrder(vocabulary: Vocabulary): TokenOrder {
  let made = orders.get(vocabulary);
  if (made === undefined) {
    made = makeOrder(vocabulary);
    orders.set(vocabulary, made);
  }
  return made;
}

const orders = new WeakMap<Vocabulary, TokenOrder>();

function makeOrder(vocabulary: Vocabulary): TokenOrder {
  const tokens: { readonly id: TokenId; readonly key: string }[] = [];
  for (let id = 0; id < vocabulary.size; id++) {
    const kind = vocabulary.kindOf(id);
    if (kind !== "text" && kind !== "byte") continue;
    // A character for each byte: strings are compared several times as fast as arrays.
    const key = Buffer.from(vocabulary.bytesOf(id)).toString("latin1");
    if (key !== "") tokens.push({ id, key });
  }
  tokens.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.id - b.id));
  const starts = new Uint32Array(tokens.length + 1);
  for (const [place, { key }] of tokens.entries()) starts[place + 1] = starts[place] + key.length;
  const bytes = Buffer.from(tokens.map(({ key }) => key).join(""), "latin1");
  const byteAt = (place: number, depth: number): number => {
    const at = starts[place] + depth;
    return at < starts[place + 1] ? bytes[at] : -1;
  };
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
    ids: Uint32Array.from(tokens, ({ id }) => id),
    longest: tokens.reduce((most, { key }) => Math.max(most, key.length), 0),
    byteAt,
    narrow: (range, depth, byte) => ({
      from: firstNotBelow(range, depth, byte),
      to: firstNotBelow(range, depth, byte + 1),
    }),
  };
}
