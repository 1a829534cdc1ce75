import { quote, type TokenId } from "@revocab/core";
import { buildByteIndex } from "../bytes/byte-index.ts";
import { ByteSink } from "../bytes/byte-sink.ts";
import { JsonCursor } from "./json-cursor.ts";
import { badTokenizer, MAX_PIECE_BYTES, MAX_TOKENS } from "./json-file.ts";

/** Where a list of the model begins in the file; `at` is undefined if the model has none. */
export interface Place {
  readonly bytes: Uint8Array;
  readonly at: number | undefined;
  readonly origin: string;
}

/** Reads `model.vocab` of BPE, WordPiece and WordLevel: an object from piece to id; the ids may have holes. */
export function readPieces({ bytes, at, origin }: Place): PieceTable {
  const cursor = openList({ bytes, at, origin }, OPEN_OBJECT, "an object from piece to id");
  const sink = new ByteSink();
  const ids: number[] = [];
  const ends: number[] = [];
  cursor.forEachEntry(OPEN_OBJECT, () => {
    const start = cursor.at;
    cursor.string(sink);
    ends.push(sink.length);
    const name = cursor.at;
    cursor.take(COLON);
    const id = cursor.wholeNumber();
    if (id < 0 || id >= MAX_TOKENS) {
      const piece = Buffer.from(bytes.subarray(start, name)).toString();
      const found = id < 0 ? cursor.valueText() : id;
      throw badTokenizer(
        origin,
        `model.vocab[${piece}]: found ${found}, expected an id from 0 to ${MAX_TOKENS - 1}`,
      );
    }
    ids.push(id);
    requireFew(ids.length, origin);
  });
  requireSome(ids.length, origin);
  return pieceTable(ids, ends, sink, origin);
}

/** Reads `model.vocab` of Unigram: a list of `[piece, score]`; the index is the id. */
export function readScoredPieces({ bytes, at, origin }: Place): { pieces: PieceTable; scores: Float64Array } {
  const cursor = openList({ bytes, at, origin }, OPEN_LIST, "a list of [piece, score]");
  const sink = new ByteSink();
  const ids: number[] = [];
  const ends: number[] = [];
  const scores: number[] = [];
  cursor.forEachEntry(OPEN_LIST, () => {
    const start = cursor.at;
    const id = ids.length;
    const length = sink.length;
    if (cursor.takeIf(OPEN_LIST) && cursor.peek() === QUOTE) {
      cursor.string(sink);
      requireShort(sink.length - length, id, origin);
      const score =
        cursor.takeIf(COMMA) && cursor.peek() !== CLOSE_LIST ? numberOf(cursor.valueText()) : Number.NaN;
      if (Number.isFinite(score) && cursor.takeIf(CLOSE_LIST)) {
        ids.push(id);
        ends.push(sink.length);
        scores.push(score);
        requireFew(ids.length, origin);
        return;
      }
    }
    sink.rewind(length);
    cursor.at = start;
    throw badTokenizer(
      origin,
      `model.vocab[${id}]: found ${cursor.valueText().slice(0, 80)}, expected [piece, score]`,
    );
  });
  requireSome(ids.length, origin);
  return { pieces: pieceTable(ids, ends, sink, origin), scores: Float64Array.from(scores) };
}

const OPEN_OBJECT = 0x7b;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;

function openList({ bytes, at, origin }: Place, open: number, expected: string): JsonCursor {
  const cursor = new JsonCursor(bytes, at ?? bytes.length, origin);
  if (at === undefined) throw badTokenizer(origin, `model.vocab: found nothing, expected ${expected}`);
  if (cursor.peek() !== open) {
    throw badTokenizer(origin, `model.vocab: found ${cursor.valueText().slice(0, 40)}, expected ${expected}`);
  }
  return cursor;
}

/** Stricter than Number(), which also accepts "", "0x1" and " 1". */
function numberOf(text: string): number {
  return /^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

function requireShort(bytes: number, id: number, origin: string): void {
  if (bytes <= MAX_PIECE_BYTES) return;
  throw badTokenizer(origin, `model.vocab[${id}] has ${bytes} bytes, expected at most ${MAX_PIECE_BYTES}`);
}

function requireSome(count: number, origin: string): void {
  if (count === 0) throw badTokenizer(origin, "model.vocab is empty, expected at least one piece");
}

function requireFew(count: number, origin: string): void {
  if (count <= MAX_TOKENS) return;
  throw badTokenizer(origin, `model.vocab: found more than ${MAX_TOKENS} pieces, expected fewer`);
}

/** The model's own pieces as the file writes them, marks included. They are kept as UTF-8 and decoded on request. */
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
function pieceTable(
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
