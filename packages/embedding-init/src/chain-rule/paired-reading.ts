import type { EncodeText, TokenId, Vocabulary } from "@revocab/core";

/** One passage as both tokenizers write it, each after its BOS if it has one, and where they are at the same place. */
export interface PairedReading {
  readonly source: Uint32Array;
  readonly target: Uint32Array;
  /** Target tokens that begin where a source token begins too. */
  readonly meetings: readonly Meeting[];
}

export interface Meeting {
  readonly token: TokenId;
  /** The position in `source` whose hidden state predicts what comes next there. */
  readonly sourcePosition: number;
  /** The same in `target`. */
  readonly targetPosition: number;
}

export interface Reader {
  readonly vocabulary: Vocabulary;
  readonly encode: EncodeText;
}

/**
 * Reads a passage twice. A reading has no meetings where a tokenizer changes the text, so that the bytes of its tokens
 * are not those of the other's; a space that a tokenizer puts before a text is passed over.
 * @param contextLength both readings are cut to it
 */
export async function pairedReading(
  passage: string,
  source: Reader,
  target: Reader,
  contextLength: number,
): Promise<PairedReading> {
  const [left, right] = [await read(passage, source), await read(passage, target)];
  const shift = left.bytes.length - right.bytes.length;
  const [leftStart, rightStart] = [shift === 1 ? 1 : 0, shift === -1 ? 1 : 0];
  const isSame =
    Math.abs(shift) <= 1 && left.bytes.subarray(leftStart).equals(right.bytes.subarray(rightStart));
  const meetings: Meeting[] = [];
  if (isSame) {
    const placeOf = new Map(
      left.starts.map((start, position) => [Math.max(0, start - leftStart), position] as const),
    );
    right.starts.forEach((start, position) => {
      const sourcePosition = placeOf.get(Math.max(0, start - rightStart));
      if (sourcePosition === undefined) return;
      meetings.push({
        token: right.ids[position],
        sourcePosition: sourcePosition + left.begin - 1,
        targetPosition: position + right.begin - 1,
      });
    });
  }
  return {
    source: withBegin(left, contextLength),
    target: withBegin(right, contextLength),
    meetings: meetings.filter(
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
  /** [tokens] where each begins, in bytes. */
  readonly starts: readonly number[];
}

async function read(passage: string, { vocabulary, encode }: Reader): Promise<Reading> {
  const ids = await encode(passage);
  const bos = vocabulary.idOfRole("bos");
  const pieces = Array.from(ids, (id) => vocabulary.bytesOf(id));
  const starts: number[] = [];
  let length = 0;
  for (const piece of pieces) {
    starts.push(length);
    length += piece.length;
  }
  return { ids, bos, begin: bos === undefined ? 0 : 1, bytes: Buffer.concat(pieces), starts };
}

function withBegin({ ids, bos }: Reading, contextLength: number): Uint32Array {
  const all = bos === undefined ? ids : Uint32Array.of(bos, ...ids);
  return all.subarray(0, contextLength);
}
