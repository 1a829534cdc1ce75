import type { TokenId } from "@revocab/core";
import { quote } from "@revocab/core";
import { buildByteIndex } from "../bytes/byte-index.ts";
import type { ByteSink } from "../bytes/byte-sink.ts";
import { badTokenizer } from "./bad-tokenizer.ts";

/** The model's own pieces as the file writes them, marks included, kept as UTF-8: a string is made when asked for. */
export interface PieceTable {
  /** Highest id + 1, holes included. */
  readonly size: number;
  /** How many pieces there are. */
  readonly count: number;
  has(id: TokenId): boolean;
  /** The piece, or undefined for a hole. */
  at(id: TokenId): string | undefined;
  /** A view of the piece's UTF-8 bytes; empty for a hole. */
  bytesAt(id: TokenId): Uint8Array;
  idOf(piece: string): TokenId | undefined;
  /** The id of the piece written as bytes[start … end), or −1. */
  find(bytes: Uint8Array, start: number, end: number): TokenId;
}

/**
 * @param ids the id of each piece in the order of the file
 * @param ends where each piece ends in `sink`
 */
export function pieceTable(
  ids: readonly TokenId[],
  ends: readonly number[],
  sink: ByteSink,
  origin: string,
): PieceTable {
  const store = sink.finish();
  let size = 0;
  for (const id of ids) if (id >= size) size = id + 1;
  const entryOf = new Int32Array(size).fill(-1);
  const startOf = new Uint32Array(size);
  const endOf = new Uint32Array(size);
  const text = (start: number, end: number) => DECODER.decode(store.subarray(start, end));
  for (let entry = 0, start = 0; entry < ids.length; start = ends[entry++]) {
    const id = ids[entry];
    if (entryOf[id] >= 0) {
      throw badTokenizer(
        origin,
        `model.vocab gives id ${id} to both ${quote(text(startOf[id], endOf[id]))} and ${quote(text(start, ends[entry]))}, expected one piece per id`,
      );
    }
    entryOf[id] = entry;
    startOf[id] = start;
    endOf[id] = ends[entry];
  }
  const index = buildByteIndex(startOf, endOf, store, Uint32Array.from(ids));
  if (index.duplicates > 0) {
    const twice = ids.find((id) => index.next(id) >= 0)!;
    const piece = quote(text(startOf[twice], endOf[twice]));
    const [first, second] = [twice, index.next(twice)].sort((a, b) => a - b);
    throw badTokenizer(
      origin,
      `model.vocab has ${piece} at both ${first} and ${second}, expected each piece once`,
    );
  }
  const has = (id: TokenId) => id >= 0 && id < size && entryOf[id] >= 0;
  return {
    size,
    count: ids.length,
    has,
    at: (id) => (has(id) ? text(startOf[id], endOf[id]) : undefined),
    bytesAt: (id) => store.subarray(startOf[id], endOf[id]),
    idOf(piece) {
      const bytes = ENCODER.encode(piece);
      const id = index.find(bytes, 0, bytes.length);
      return id < 0 ? undefined : id;
    },
    find: index.find,
  };
}

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
const ENCODER = new TextEncoder();
