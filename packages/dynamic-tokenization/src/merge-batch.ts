import { RevocabError, type TokenId, type Vocabulary } from "@revocab/core";
import { pairKey, pairOf, pairQueue } from "@revocab/vocabulary-editing/internal";
import type { SegmentedText } from "./segments.ts";

/** Two neighbours that become one token. */
export interface Merge {
  readonly left: TokenId;
  readonly right: TokenId;
  readonly merged: TokenId;
}

/** Merges in their order, and the tokens that arise. Plain data. */
export interface DynamicMerges {
  /** The id of the first new token; the ids of the vocabulary, and rows without a token, are below it. */
  readonly firstId: TokenId;
  readonly merges: readonly Merge[];
  /** The bytes of each new token, by its id − `firstId`. */
  readonly tokens: readonly Uint8Array[];
}

/** Merges that were learned from a batch of texts. */
export interface BatchMerges extends DynamicMerges {
  /** [merges + 1] tokens of the batch before the first merge, and after each. */
  readonly lengths: readonly number[];
}

export interface MergeBatchOptions {
  readonly vocabulary: Vocabulary;
  /** The id of the first new token. @default the size of the vocabulary */
  readonly firstId?: TokenId;
  /** Whether to end, before the first merge and after each. @default when there is nothing left to merge */
  readonly until?: (merges: number, tokens: number) => boolean;
}

/**
 * Merges the most frequent pair of neighbours of the whole batch into one token, everywhere and from left to right, again and
 * again. Of pairs of one frequency it takes the one with the lowest left id, and of these the lowest right id, so that the order
 * of the texts does not matter. Tokens are known by their bytes: two pairs with the same bytes become the same token, and one
 * whose bytes the vocabulary has becomes the vocabulary's token.
 *
 * `l o w` ×5, `l o w e r` ×2 → `lo` (7), `low` (7), `lowe` (2), `lower` (2).
 *
 * Pairs are counted once. Each merge changes the counts beside its places alone, so that a million tokens and a thousand merges
 * take seconds: tokens are linked lists, and a segment that occurs often is one list with a weight.
 * @see https://arxiv.org/abs/2411.18553
 * @throws RevocabError `bad_text` for a batch without tokens
 */
export function mergeBatch(
  texts: readonly SegmentedText[],
  { vocabulary, firstId = vocabulary.size, until = () => false }: MergeBatchOptions,
): BatchMerges {
  const { ids, next, previous, weights } = linkSegments(texts);
  let length = texts.reduce((sum, text) => sum + text.ids.length, 0);
  if (length === 0) {
    throw new RevocabError("bad_text", `found ${texts.length} texts without tokens, expected some text`);
  }
  const lengths = [length];
  const merges: Merge[] = [];
  const known = knownTokens(vocabulary, firstId);
  const pairs = countPairs(ids, next, weights);
  while (!until(merges.length, length)) {
    const found = pairs.takeMostFrequent();
    if (found === undefined) break;
    const { left, right, places } = found;
    const merged = known.idOf(left, right);
    // of a run such as `a a a` the leftmost pair is merged
    for (const place of Int32Array.from(places).sort()) {
      const other = next[place];
      if (ids[place] !== left || other < 0 || ids[other] !== right) continue;
      const [before, after, weight] = [previous[place], next[other], weights[place]];
      pairs.add(left, right, -weight);
      if (before >= 0) pairs.add(ids[before], left, -weight);
      if (after >= 0) pairs.add(right, ids[after], -weight);
      ids[place] = merged;
      ids[other] = GONE;
      next[place] = after;
      if (after >= 0) previous[after] = place;
      if (before >= 0) pairs.add(ids[before], merged, weight, before);
      if (after >= 0) pairs.add(merged, ids[after], weight, place);
      length -= weight;
    }
    pairs.settle();
    merges.push({ left, right, merged });
    lengths.push(length);
  }
  return { firstId, merges, tokens: known.tokens, lengths };
}

/** The first merges of a list, and the tokens that arise from these. */
export function firstMerges({ firstId, merges, tokens }: DynamicMerges, count: number): DynamicMerges {
  const first = merges.slice(0, count);
  const end = first.reduce((most, { merged }) => Math.max(most, merged + 1), firstId);
  return { firstId, merges: first, tokens: tokens.slice(0, end - firstId) };
}

/** In the place of a token that became part of the one before it. */
const GONE = -1;

/** The distinct segments of texts, as linked lists of tokens. −1 stands before the first and after the last of a segment. */
interface LinkedSegments {
  readonly ids: Int32Array;
  readonly next: Int32Array;
  readonly previous: Int32Array;
  /** How often the texts have the segment that a token is of. */
  readonly weights: Uint32Array;
}

function linkSegments(texts: readonly SegmentedText[]): LinkedSegments {
  const distinct: { readonly tokens: Uint32Array; count: number }[] = [];
  const known = new Map<string, (typeof distinct)[number]>();
  for (const { ids, starts } of texts) {
    for (let start = 0, end = 0; start < ids.length; start = end) {
      end = endOfSegment(starts, start);
      if (end - start === 1) continue; // nothing to merge
      const tokens = ids.subarray(start, end);
      const key = tokens.length > LONGEST_SHARED ? undefined : tokens.join(" ");
      const same = key === undefined ? undefined : known.get(key);
      if (same !== undefined) {
        same.count++;
        continue;
      }
      const segment = { tokens, count: 1 };
      distinct.push(segment);
      if (key !== undefined) known.set(key, segment);
    }
  }
  const size = distinct.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const ids = new Int32Array(size);
  const next = Int32Array.from({ length: size }, (_, place) => place + 1);
  const previous = Int32Array.from({ length: size }, (_, place) => place - 1);
  const weights = new Uint32Array(size);
  let at = 0;
  for (const { tokens, count } of distinct) {
    ids.set(tokens, at);
    weights.fill(count, at, at + tokens.length);
    previous[at] = -1;
    at += tokens.length;
    next[at - 1] = -1;
  }
  return { ids, next, previous, weights };
}

/** Tokens of a segment that is looked for among the others. Longer ones, such as documents, hardly occur twice. */
const LONGEST_SHARED = 64;

/** One past the last token of the segment that begins at `start`. */
export function endOfSegment(starts: Uint8Array, start: number): number {
  const end = starts.indexOf(1, start + 1);
  return end < 0 ? starts.length : end;
}

/** Ids by bytes: those of the vocabulary, and then new ones. */
function knownTokens(vocabulary: Vocabulary, firstId: TokenId) {
  const tokens: Uint8Array[] = [];
  const idOfNew = new Map<string, TokenId>();
  const bytesOf = (id: TokenId) => (id < firstId ? vocabulary.bytesOf(id) : tokens[id - firstId]);
  return {
    tokens: tokens as readonly Uint8Array[],
    idOf(left: TokenId, right: TokenId): TokenId {
      const bytes = Buffer.concat([bytesOf(left), bytesOf(right)]);
      const [own] = vocabulary.idsOf(bytes);
      if (own !== undefined) return own;
      const key = bytes.toString("latin1");
      const known = idOfNew.get(key);
      if (known !== undefined) return known;
      const id = firstId + tokens.length;
      if (id >= MOST_TOKENS) throw tooManyTokens();
      tokens.push(new Uint8Array(bytes));
      idOfNew.set(key, id);
      return id;
    },
  };
}

/** `pairKey` tells pairs of ids below this apart. */
const MOST_TOKENS = 2 ** 24;

function tooManyTokens(): RevocabError {
  return new RevocabError("bad_options", `merges of this batch add more than ${MOST_TOKENS} tokens`, {
    hint: "ask for less, or give less text",
  });
}

interface CountedPair {
  count: number;
  /** Where it was, at some time, by the place of its left token. */
  readonly places: number[];
  isTouched: boolean;
}

/** Pairs of neighbours with their counts, and the most frequent of them. */
function countPairs(ids: Int32Array, next: Int32Array, weights: Uint32Array) {
  const pairs = new Map<number, CountedPair>();
  const queue = pairQueue();
  let touched: number[] = [];

  /** @param place of an occurrence that arises; none for those that go */
  const add = (left: TokenId, right: TokenId, weight: number, place?: number): void => {
    const key = pairKey(left, right);
    let pair = pairs.get(key);
    if (pair === undefined) {
      pair = { count: 0, places: [], isTouched: false };
      pairs.set(key, pair);
    }
    pair.count += weight;
    if (place === undefined) return;
    pair.places.push(place);
    if (pair.isTouched) return;
    pair.isTouched = true;
    touched.push(key);
  };
  /** Queues the pairs that arose, with the counts they have now. */
  const settle = (): void => {
    for (const key of touched) {
      const pair = pairs.get(key)!;
      pair.isTouched = false;
      if (pair.count > 0) queue.push(pair.count, key);
    }
    touched = [];
  };
  for (const [place, id] of ids.entries()) {
    if (next[place] >= 0) add(id, ids[next[place]], weights[place], place);
  }
  settle();

  return {
    add,
    settle,
    takeMostFrequent() {
      for (let top = queue.pop(); top !== undefined; top = queue.pop()) {
        const pair = pairs.get(top.key)!;
        if (pair.count !== top.count) {
          // it became rarer; where it became more frequent, that is queued too
          if (pair.count > 0 && pair.count < top.count) queue.push(pair.count, top.key);
          continue;
        }
        const [left, right] = pairOf(top.key);
        return { left, right, places: pair.places.splice(0) };
      }
      return undefined;
    },
  };
}
