import type { EncodeText, TokenId, Vocabulary } from "@revocab/core";

/** One passage in the tokens of both tokenizers, each after its BOS if it has one, and the positions where both have a border. */
export interface PairedReading {
  readonly source: Uint32Array;
  readonly target: Uint32Array;
  /** Target tokens that begin where a source token begins too. */
  readonly sharedStarts: readonly SharedStart[];
}

export interface SharedStart {
  readonly token: TokenId;
  /** The position in `source` whose hidden state predicts what comes next there. */
  readonly sourcePosition: number;
  /** The same in `target`. */
  readonly targetPosition: number;
}

/** A tokenizer as it is needed here. */
export interface TextReader {
  readonly vocabulary: Vocabulary;
  readonly encode: EncodeText;
}

/**
 * Writes a passage in both tokenizers. Where the target changes the text (to lower case, to NFC), the source gets the
 * changed text. Where the bytes of both still differ, or the target has an unknown token, there are no shared starts. A space
 * that a tokenizer puts before a text does not count.
 * @param contextLength both are cut to so many tokens
 */
export async function pairedReading(
  passage: string,
  source: TextReader,
  target: TextReader,
  contextLength: number,
): Promise<PairedReading> {
  const right = await read(passage, target);
  const isUnknown = right.ids.some((id) => target.vocabulary.kindOf(id) === "special");
  const plain = await read(passage, source);
  const left =
    isUnknown || isSameText(plain, right) ? plain : await read(right.bytes.toString().trimStart(), source);
  const sharedStarts: SharedStart[] = [];
  if (!isUnknown && isSameText(left, right)) {
    const placeOf = new Map(left.starts.map((start, position) => [Math.max(0, start - left.lead), position]));
    right.starts.forEach((start, position) => {
      const sourcePosition = placeOf.get(Math.max(0, start - right.lead));
      if (sourcePosition === undefined) return;
      sharedStarts.push({
        token: right.ids[position],
        sourcePosition: sourcePosition + left.begin - 1,
        targetPosition: position + right.begin - 1,
      });
    });
  }
  return {
    source: withBegin(left, contextLength),
    target: withBegin(right, contextLength),
    sharedStarts: sharedStarts.filter(
      ({ sourcePosition, targetPosition }) =>
        sourcePosition >= 0 &&
        targetPosition >= 0 &&
        sourcePosition < contextLength &&
        targetPosition < contextLength,
    ),
  };
}

interface Reading {
  readonly ids: Uint32Array;
  /** 1 where a BOS stands before the text, else 0. */
  readonly begin: 0 | 1;
  readonly bos: TokenId | undefined;
  readonly bytes: Buffer;
  /** White space before the text, in bytes. */
  readonly lead: number;
  /** [tokens] where each begins, in bytes. */
  readonly starts: readonly number[];
}

async function read(passage: string, { vocabulary, encode }: TextReader): Promise<Reading> {
  const ids = await encode(passage);
  const bos = vocabulary.idOfRole("bos");
  const pieces = Array.from(ids, (id) => vocabulary.bytesOf(id));
  const starts: number[] = [];
  let length = 0;
  for (const piece of pieces) {
    starts.push(length);
    length += piece.length;
  }
  const bytes = Buffer.concat(pieces);
  const found = bytes.findIndex((byte) => byte !== SPACE);
  const lead = found < 0 ? bytes.length : found;
  return { ids, bos, begin: bos === undefined ? 0 : 1, bytes, lead, starts };
}

const SPACE = 0x20;

/** Compares the bytes, without spaces before the text. */
function isSameText(left: Reading, right: Reading): boolean {
  return left.bytes.subarray(left.lead).equals(right.bytes.subarray(right.lead));
}

function withBegin({ ids, bos }: Reading, contextLength: number): Uint32Array {
  const all = bos === undefined ? ids : Uint32Array.of(bos, ...ids);
  return all.subarray(0, contextLength);
}
