import type { TokenId, Vocabulary } from "@revocab/core";

/** The text and byte tokens sorted by their bytes: tokens with a common beginning are neighbors. */
export interface TokenOrder {
  readonly ids: Uint32Array;
  /** The byte at `depth` of the token at `place`, −1 past its end. */
  byteAt(place: number, depth: number): number;
  /** The part of a range, whose tokens agree in their first `depth` bytes, that continues with `byte`. */
  narrow(range: Range, depth: number, byte: number): Range;
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** [j] the tokens that begin with the j bytes of a text from `offset` on, while there are any. */
export function rangesAlong(order: TokenOrder, text: Uint8Array, offset: number): Range[] {
  const ranges: Range[] = [{ from: 0, to: order.ids.length }];
  for (let depth = 0; offset + depth < text.length; depth++) {
    const range = order.narrow(ranges[depth], depth, text[offset + depth]);
    if (range.from === range.to) break;
    ranges.push(range);
  }
  return ranges;
}

/** The tokens that begin with all bytes of a text from `offset` on. */
export function tokensFrom(order: TokenOrder, text: Uint8Array, offset: number): Range {
  return rangesAlong(order, text, offset)[text.length - offset] ?? NO_TOKENS;
}

const NO_TOKENS: Range = { from: 0, to: 0 };

/** Whether a token of a range whose first `depth` bytes are the same has more. */
export function goesOn(order: TokenOrder, { from, to }: Range, depth: number): boolean {
  return from < to && order.byteAt(to - 1, depth) >= 0;
}

/** The tokens of a range whose first `depth` bytes are the same and that have no more: a beginning stands before the whole. */
export function* placesEnding(order: TokenOrder, { from, to }: Range, depth: number): Generator<number> {
  for (let place = from; place < to && order.byteAt(place, depth) < 0; place++) yield place;
}

/** Sorted once for each vocabulary. */
export function tokenOrder(vocabulary: Vocabulary): TokenOrder {
  const order = orders.get(vocabulary) ?? sortByBytes(vocabulary);
  orders.set(vocabulary, order);
  return order;
}

const orders = new WeakMap<Vocabulary, TokenOrder>();

function sortByBytes(vocabulary: Vocabulary): TokenOrder {
  const tokens: { readonly id: TokenId; readonly key: string }[] = [];
  for (let id = 0; id < vocabulary.size; id++) {
    const kind = vocabulary.kindOf(id);
    if (kind !== "text" && kind !== "byte") continue;
    // One character for each byte: strings compare several times as fast as arrays.
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
    byteAt,
    narrow: (range, depth, byte) => ({
      from: firstNotBelow(range, depth, byte),
      to: firstNotBelow(range, depth, byte + 1),
    }),
  };
}
