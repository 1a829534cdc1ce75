import type { TokenId, Vocabulary } from "@revocab/core";
import type { CoverState } from "./cover-tree.ts";

/** The next bytes after one state, from the model's distribution over the next token. */
export interface StateReading {
  /** The model's probability of all tokens that may follow, at most 1. The shares below are of this. */
  readonly kept: number;
  /** [j] share of the tokens that begin with the next j + 1 bytes of the stream. */
  readonly covered: Float64Array;
  /** Share of each child. */
  readonly children: Float64Array;
  /** [257] share by the byte after the stream (256: the text ends); undefined if no token reaches past the end. */
  readonly beyond: Float64Array | undefined;
  /** The tokens that reach the end of the stream but may not follow, relative to `kept`. */
  readonly refusedBeyond: number;
}

/**
 * @param logProbabilities [V] of the model
 * @param mask [V] 1 where a token may follow, judged by the last tokens alone; what the state knows of its children wins
 * @param end the token that ends the text, where the text may end here
 * @param endsHere whether the state stands at the end of the stream
 */
export function readState({
  state,
  stream,
  order,
  logProbabilities,
  mask,
  end,
  endsHere,
}: {
  readonly state: CoverState;
  readonly stream: Uint8Array;
  readonly order: TokenOrder;
  readonly logProbabilities: Float32Array;
  readonly mask: Uint8Array;
  readonly end: TokenId | undefined;
  readonly endsHere: boolean;
}): StateReading {
  const may = mask.slice();
  for (const token of state.refused) may[token] = 0;
  for (const { token } of state.children) may[token] = 1;
  const probabilityOf = (id: TokenId): number => Math.exp(logProbabilities[id]);

  const ranges = rangesAlong(state, stream, order);
  // From the innermost range outwards, so that no small sum is the difference of two large ones.
  const sums = new Float64Array(ranges.length);
  let sum = 0;
  const add = (from: number, to: number): void => {
    for (let place = from; place < to; place++) {
      const id = order.ids[place];
      if (may[id] === 1) sum += Math.exp(logProbabilities[id]);
    }
  };
  const { to: last } = ranges[ranges.length - 1];
  let inner: Range = { from: last, to: last };
  for (let depth = ranges.length - 1; depth >= 0; depth--) {
    const { from, to } = ranges[depth];
    add(from, inner.from);
    add(inner.to, to);
    sums[depth] = sum;
    inner = ranges[depth];
  }

  const ending = end === undefined ? 0 : probabilityOf(end);
  const kept = sums[0] + ending;
  const share = (probability: number): number => (kept > 0 ? probability / kept : 0);
  const reach = stream.length - state.offset;
  return {
    kept,
    covered: sums.subarray(1).map(share),
    children: Float64Array.from(state.children, ({ token }) => share(probabilityOf(token))),
    ...beyondOf(),
  };

  function beyondOf(): Pick<StateReading, "beyond" | "refusedBeyond"> {
    if (ranges.length <= reach) return { beyond: undefined, refusedBeyond: 0 };
    const beyond = new Float64Array(257);
    if (endsHere) beyond[256] = share(ending);
    let refused = 0;
    for (let place = ranges[reach].from; place < ranges[reach].to; place++) {
      const id = order.ids[place];
      if (may[id] === 0) refused += probabilityOf(id);
      else {
        const byte = order.byteAt(place, reach);
        if (byte >= 0) beyond[byte] += share(probabilityOf(id));
      }
    }
    // At the end of the stream all other rows reach past it too: special tokens, holes, padding.
    if (reach === 0) refused = Math.max(0, 1 - kept);
    return { beyond, refusedBeyond: share(refused) };
  }
}

/** [j] the tokens that begin with the next j bytes of the stream, while there are any. */
function rangesAlong(state: CoverState, stream: Uint8Array, order: TokenOrder): Range[] {
  const ranges: Range[] = [{ from: 0, to: order.ids.length }];
  for (let depth = 0; state.offset + depth < stream.length; depth++) {
    const range = order.narrow(ranges[depth], depth, stream[state.offset + depth]);
    if (range.from === range.to) break;
    ranges.push(range);
  }
  return ranges;
}

/** The text and byte tokens sorted by their bytes: tokens with a common beginning are neighbors. */
export interface TokenOrder {
  readonly ids: Uint32Array;
  /** Length of the longest token, in bytes. */
  readonly longest: number;
  /** The byte at `depth` of the token at `place`, −1 past its end. */
  byteAt(place: number, depth: number): number;
  /** The part of a range, whose tokens agree in their first `depth` bytes, that continues with `byte`. */
  narrow(range: Range, depth: number, byte: number): Range;
}

export interface Range {
  readonly from: number;
  readonly to: number;
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
    longest: tokens.reduce((most, { key }) => Math.max(most, key.length), 0),
    byteAt,
    narrow: (range, depth, byte) => ({
      from: firstNotBelow(range, depth, byte),
      to: firstNotBelow(range, depth, byte + 1),
    }),
  };
}
