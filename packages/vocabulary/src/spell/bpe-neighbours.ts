import type { TokenId } from "@revocab/core";
import type { ModelJson } from "../tokenizer-json/tokenizer-json.ts";
import { bpeSymbols } from "./bpe-speller.ts";
import { mergeUntil } from "./merge-symbols.ts";
import type { SpellerInput } from "./speller.ts";

/** Which tokens of a BPE model may stand beside each other. */
export interface BpeNeighbours {
  /** Whether the symbols of the token merge to the token. */
  isMerged(id: TokenId): boolean;
  /**
   * Whether the symbols of both merge to just these two. A sequence of tokens is the encoding of its bytes if and only if all
   * neighbours stay apart: a merge looks at two pieces only, so the first merge across a boundary between tokens would also
   * happen if no other token were near.
   *
   * A byte token counts as a symbol here, even of a character that has a piece and is never encoded in bytes.
   */
  stayApart(left: TokenId, right: TokenId): boolean;
  /** Whether bytes are one token regardless of the merges: added text tokens, and with `ignore_merges` all tokens. */
  isOneToken(bytes: Uint8Array): boolean;
  /** Whether there are any such bytes. */
  readonly hasOneTokens: boolean;
}

/**
 * `undefined` for a model that marks the edges of words: there the symbols depend on what is beside them.
 *
 * While a token is merged, its first and its last piece grow, and each of them exists until a merge of a certain rank. A merge
 * across the boundary happens if a last piece and a first piece that exist at the same time form a pair with a rank before
 * the end of both. So a pair of tokens costs a few lookups in the merge table instead of a run of the merges.
 */
export function bpeNeighbours(
  input: SpellerInput,
  model: Extract<ModelJson, { type: "BPE" }>,
  bytesOf: (id: TokenId) => Uint8Array,
): BpeNeighbours | undefined {
  const { json, notation, index, kindOf } = input;
  if (model.continuingPrefix !== "" || model.endSuffix !== "" || notation.startsWithSpace) return undefined;
  const { merges } = model;
  const size = json.pieces.size;
  const isAdded = new Set(json.added.map(({ id }) => id));
  const hasOneTokens = model.ignoresMerges || json.added.some(({ id }) => kindOf(id) === "text");
  const first = new Growth(size);
  const last = new Growth(size);
  /** [size] NOT_MERGED, REGULAR, or IRREGULAR: its merges do not come in the order of their ranks. */
  const states = new Uint8Array(size);
  const { symbolize } = bpeSymbols(input, model);
  const symbolsOf = (id: TokenId): TokenId[] => {
    if (kindOf(id) === "byte") return [id];
    const bytes = bytesOf(id);
    const symbols: TokenId[] = [];
    const isSymbols = symbolize(
      bytes,
      { start: 0, end: bytes.length, startsWord: true, endsWord: false },
      symbols,
    );
    return isSymbols ? symbols : [];
  };

  for (let id = 0; id < size; id++) {
    first.begin(id);
    last.begin(id);
    const kind = kindOf(id);
    const symbols = (kind === "text" && !isAdded.has(id)) || kind === "byte" ? symbolsOf(id) : [];
    if (symbols.length === 0) continue;
    first.add(symbols[0]);
    last.add(symbols[symbols.length - 1]);
    let highest = -1;
    let isRegular = true;
    const { ids, next } = mergeUntil(symbols, merges, 1, (rank, place, after) => {
      if (rank < highest) isRegular = false;
      highest = Math.max(highest, rank);
      if (place === 0) first.grow(rank, merges.merged[rank]);
      if (after >= symbols.length) last.grow(rank, merges.merged[rank]);
    });
    if (next[0] >= symbols.length && ids[0] === id) states[id] = isRegular ? REGULAR : IRREGULAR;
  }
  first.begin(size);
  last.begin(size);

  const { pieces: firsts, ends: firstEnds, offsets: firstOffsets } = first.finish();
  const { pieces: lasts, ends: lastEnds, offsets: lastOffsets } = last.finish();
  return {
    hasOneTokens,
    isMerged: (id) => id >= 0 && id < size && states[id] !== NOT_MERGED,
    stayApart(left, right) {
      if (!(left < size && right < size)) return false;
      if (states[left] === NOT_MERGED || states[right] === NOT_MERGED) return false;
      if (states[left] === IRREGULAR || states[right] === IRREGULAR) return stayApartByMerging(left, right);
      const leftEnd = lastOffsets[left + 1] - 1;
      const rightEnd = firstOffsets[right + 1] - 1;
      for (let l = lastOffsets[left], r = firstOffsets[right]; ; ) {
        const rank = merges.rankOf(lasts[l], firsts[r]);
        // Pairs of equal rank are merged from the left: one inside `left` comes before, one inside `right` after.
        if (rank >= 0 && rank < lastEnds[l] && rank <= firstEnds[r]) return false;
        if (l === leftEnd && r === rightEnd) return true;
        if (lastEnds[l] <= firstEnds[r]) l++;
        else r++;
      }
    },
    isOneToken(bytes) {
      if (!hasOneTokens) return false;
      for (let id = index.find(bytes, 0, bytes.length); id >= 0; id = index.next(id)) {
        if (kindOf(id) === "text" && (model.ignoresMerges || isAdded.has(id))) return true;
      }
      return false;
    },
  };

  function stayApartByMerging(left: TokenId, right: TokenId): boolean {
    const start = symbolsOf(left);
    const symbols = [...start, ...symbolsOf(right)];
    const { ids, next } = mergeUntil(symbols, merges, 1);
    return (
      next[0] === start.length &&
      ids[0] === left &&
      ids[start.length] === right &&
      next[start.length] === symbols.length
    );
  }
}

const NOT_MERGED = 0;
const REGULAR = 1;
const IRREGULAR = 2;
/** The rank at which a whole token ends. */
const NEVER = 2 ** 31 - 1;

/** For each token the pieces at one end of it, in the order in which they arise, and the rank of the merge that ends each. */
class Growth {
  readonly #offsets: Uint32Array;
  readonly #pieces: number[] = [];
  readonly #ends: number[] = [];

  constructor(size: number) {
    this.#offsets = new Uint32Array(size + 1);
  }

  begin(id: TokenId): void {
    this.#offsets[id] = this.#pieces.length;
  }

  add(piece: TokenId): void {
    this.#pieces.push(piece);
    this.#ends.push(NEVER);
  }

  grow(rank: number, piece: TokenId): void {
    this.#ends[this.#ends.length - 1] = rank;
    this.add(piece);
  }

  finish() {
    return {
      offsets: this.#offsets,
      pieces: Int32Array.from(this.#pieces),
      ends: Int32Array.from(this.#ends),
    };
  }
}
