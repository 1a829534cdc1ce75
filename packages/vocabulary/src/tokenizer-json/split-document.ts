import { isUtf8 } from "node:buffer";
import { JsonCursor } from "./json-cursor.ts";
import { badTokenizer, MAX_FILE_BYTES, parseJson } from "./json-file.ts";

/** A tokenizer.json without its two big lists. */
export interface SplitDocument {
  /** The document with `null` for `model.vocab` and `model.merges`. */
  readonly document: unknown;
  /** Where `model.vocab` and `model.merges` begin in the file; undefined if missing. */
  readonly vocabAt: number | undefined;
  readonly mergesAt: number | undefined;
}

/** Finds `model.vocab` and `model.merges` and parses everything else. */
export function splitDocument(bytes: Uint8Array, origin: string): SplitDocument {
  if (bytes.length > MAX_FILE_BYTES || !isUtf8(bytes)) parseJson(bytes, origin);
  const cursor = new JsonCursor(bytes, hasByteOrderMark(bytes) ? 3 : 0, origin);
  // Anything but an object is an error, which the parser or the caller reports.
  if (cursor.peek() !== OPEN)
    return { document: parseJson(bytes, origin), vocabAt: undefined, mergesAt: undefined };
  const starts: Record<string, number> = {};
  const kept: Uint8Array[] = [];
  let keptTo = 0;
  const takeOut = (name: string): void => {
    if (starts[name] !== undefined) throw badTokenizer(origin, `found model.${name} twice, expected it once`);
    starts[name] = cursor.at;
    kept.push(bytes.subarray(keptTo, cursor.at), NULL);
    cursor.skipValue();
    keptTo = cursor.at;
  };
  cursor.forEachEntry(OPEN, () => {
    if (keyOf(cursor) !== '"model"' || cursor.peek() !== OPEN) {
      cursor.skipValue();
      return;
    }
    cursor.forEachEntry(OPEN, () => {
      const key = keyOf(cursor);
      cursor.peek();
      if (key === '"vocab"') takeOut("vocab");
      else if (key === '"merges"') takeOut("merges");
      else cursor.skipValue();
    });
  });
  kept.push(bytes.subarray(keptTo));
  return { document: parseJson(Buffer.concat(kept), origin), vocabAt: starts.vocab, mergesAt: starts.merges };
}

const OPEN = 0x7b;
const COLON = 0x3a;
const NULL = Buffer.from("null");

function keyOf(cursor: JsonCursor): string {
  if (cursor.peek() !== 0x22) cursor.fail();
  const key = cursor.valueText();
  cursor.take(COLON);
  return key;
}

function hasByteOrderMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/**
 * A tokenizer.json with other fields around its vocabulary and merges, which are copied byte for byte.
 * @param document without `model.vocab` and `model.merges`, which come from the file
 * @param vocab another vocabulary, as JSON
 */
export function rewriteDocument(
  bytes: Uint8Array,
  { vocabAt, mergesAt }: Pick<SplitDocument, "vocabAt" | "mergesAt">,
  {
    document,
    vocab,
    keepMerges,
  }: {
    readonly document: Readonly<Record<string, unknown>>;
    readonly vocab?: string;
    readonly keepMerges: boolean;
  },
): Uint8Array {
  const model = document.model as Readonly<Record<string, unknown>>;
  const { model: _, ...rest } = document;
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [encoder.encode(`${JSON.stringify({ ...rest, model }).slice(0, -2)},"vocab":`)];
  parts.push(vocab === undefined ? valueAt(bytes, vocabAt) : encoder.encode(vocab));
  if (keepMerges)
    parts.push(
      encoder.encode(',"merges":'),
      mergesAt === undefined ? encoder.encode("[]") : valueAt(bytes, mergesAt),
    );
  parts.push(encoder.encode("}}"));
  return Buffer.concat(parts);
}

function valueAt(bytes: Uint8Array, at: number | undefined): Uint8Array {
  const cursor = new JsonCursor(bytes, at ?? 0, "tokenizer.json");
  cursor.skipValue();
  return bytes.subarray(at ?? 0, cursor.at);
}
