import { ByteSink } from "../bytes/byte-sink.ts";
import { badTokenizer } from "./bad-tokenizer.ts";
import { JsonCursor } from "./json-cursor.ts";
import { MAX_PIECE_BYTES, MAX_TOKENS } from "./limits.ts";
import { type PieceTable, pieceTable } from "./piece-table.ts";

/** Where a list of the model begins in the file; undefined where the model has none. */
export interface Place {
  readonly bytes: Uint8Array;
  readonly at: number | undefined;
  readonly origin: string;
}

/** Reads `model.vocab` of BPE, WordPiece and WordLevel: an object from piece to id, in which ids may leave holes. */
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

/** Reads `model.vocab` of Unigram: a list of `[piece, score]`, whose place is the id. */
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

/** Not Number(): that takes "", "0x1" and " 1" too. */
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
