import { quote, type TokenId } from "@revocab/core";
import { ByteSink } from "../bytes/byte-sink.ts";
import { JsonCursor } from "./json-cursor.ts";
import { badTokenizer, MAX_TOKENS } from "./json-file.ts";
import type { PieceTable, Place } from "./pieces.ts";

/** BPE merges by rank, findable by the pair they join. */
export interface MergeTable {
  readonly count: number;
  /** [count] the id of the token that the merge of that rank gives. */
  readonly merged: Int32Array;
  /** The rank of joining two ids, or −1. */
  rankOf(left: TokenId, right: TokenId): number;
}

/**
 * Reads `model.merges`, `"a b"` strings or `["a", "b"]` pairs. Both pieces and the merged one must be in the vocabulary, and
 * the second must have the prefix: on a merge whose result is missing or whose second piece is shorter than the prefix, the
 * tokenizers library aborts the whole process.
 */
export function readMerges(
  { bytes, at, origin }: Place,
  pieces: PieceTable,
  continuingPrefix: string,
): MergeTable {
  if (at === undefined) throw badTokenizer(origin, "model.merges: found nothing, expected a list of pairs");
  const cursor = new JsonCursor(bytes, at, origin);
  if (cursor.peek() !== OPEN_LIST) {
    throw badTokenizer(
      origin,
      `model.merges: found ${cursor.valueText().slice(0, 40)}, expected a list of pairs`,
    );
  }
  const prefixLength = Buffer.byteLength(continuingPrefix);
  const ids: [left: TokenId[], right: TokenId[], merged: TokenId[]] = [[], [], []];
  const sink = new ByteSink(1 << 12);
  let place = -1;
  cursor.forEachEntry(OPEN_LIST, () => {
    place++;
    const start = cursor.at;
    sink.rewind(0);
    const split = readPair(cursor, sink);
    // Files converted from merges.txt may keep its first line.
    if (place === 0 && split < 0 && cursor.text(start).startsWith('"#version')) return;
    if (split < 0) {
      cursor.at = start;
      throw badTokenizer(
        origin,
        `model.merges[${place}]: found ${cursor.valueText().slice(0, 80)}, expected two pieces`,
      );
    }
    const end = sink.length;
    const idOf = (from: number, to: number): TokenId => {
      const id = pieces.find(sink.bytes, from, to);
      if (id >= 0) return id;
      const piece = quote(Buffer.from(sink.bytes.subarray(from, to)).toString());
      throw badTokenizer(
        origin,
        `model.merges[${place}] is ${cursor.text(start)}, but model.vocab has no ${piece}`,
      );
    };
    ids[0].push(idOf(0, split));
    ids[1].push(idOf(split, end));
    if (prefixLength > 0) {
      const second = Buffer.from(sink.bytes.subarray(split, end)).toString();
      if (!second.startsWith(continuingPrefix)) {
        throw badTokenizer(
          origin,
          `model.merges[${place}]: found ${quote(second)} as the second piece, expected it to begin with ${quote(continuingPrefix)}`,
        );
      }
      sink.remove(split, split + prefixLength);
    }
    ids[2].push(idOf(0, sink.length));
    if (place >= MAX_TOKENS) throw badTokenizer(origin, `model.merges: expected at most ${MAX_TOKENS}`);
  });
  const [left, right, merged] = ids.map((list) => Int32Array.from(list));
  return { count: merged.length, merged, rankOf: indexPairs(left, right) };
}

const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const QUOTE = 0x22;
const COMMA = 0x2c;
const SPACE = 0x20;

/** Reads both pieces into the sink, one after the other. Gives the start of the second, or −1 if there are not two. */
function readPair(cursor: JsonCursor, sink: ByteSink): number {
  if (cursor.peek() === QUOTE) {
    cursor.string(sink);
    const split = sink.bytes.subarray(0, sink.length).indexOf(SPACE);
    if (split < 0 || sink.bytes.subarray(split + 1, sink.length).includes(SPACE)) return -1;
    sink.remove(split, split + 1);
    return split;
  }
  if (!cursor.takeIf(OPEN_LIST) || cursor.peek() !== QUOTE) return -1;
  cursor.string(sink);
  const split = sink.length;
  if (!cursor.takeIf(COMMA) || cursor.peek() !== QUOTE) return -1;
  cursor.string(sink);
  return cursor.takeIf(CLOSE_LIST) ? split : -1;
}

/** If a pair occurs twice, the last rank counts, as in the tokenizers library. */
function indexPairs(left: Int32Array, right: Int32Array): MergeTable["rankOf"] {
  const slots = 2 ** Math.ceil(Math.log2(Math.max(left.length, 4) * 2));
  const mask = slots - 1;
  const rankAt = new Int32Array(slots).fill(-1);
  const slotOf = (a: TokenId, b: TokenId): number => {
    let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    let slot = (hash ^ (hash >>> 13)) & mask;
    for (; rankAt[slot] >= 0; slot = (slot + 1) & mask) {
      if (left[rankAt[slot]] === a && right[rankAt[slot]] === b) break;
    }
    return slot;
  };
  for (let rank = 0; rank < left.length; rank++) rankAt[slotOf(left[rank], right[rank])] = rank;
  return (a, b) => rankAt[slotOf(a, b)];
}
