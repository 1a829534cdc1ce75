import type { TokenId } from "@revocab/core";
import type { CoverState } from "./cover-tree.ts";
import { type Range, rangesAlong, type TokenOrder } from "./token-order.ts";

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

  const ranges = rangesAlong(order, stream, state.offset);
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
