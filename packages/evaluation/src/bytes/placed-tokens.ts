import type { TokenId, Vocabulary } from "@revocab/core";

export interface Placed {
  readonly text: string;
  /** [tokens] where in the text each ends; −1 inside a character. */
  readonly ends: Int32Array;
}

/** @param bytes those of the tokens, whole characters */
export function placedTokens(vocabulary: Vocabulary, tokens: readonly TokenId[], bytes: Uint8Array): Placed {
  const ends = new Int32Array(tokens.length);
  let at = 0;
  let length = 0;
  for (const [i, token] of tokens.entries()) {
    for (const end = at + vocabulary.bytesOf(token).length; at < end; at++) {
      if ((bytes[at] & 0xc0) !== 0x80) length += bytes[at] >= 0xf0 ? 2 : 1;
    }
    ends[i] = (bytes[at] & 0xc0) === 0x80 ? -1 : length;
  }
  return { text: DECODER.decode(bytes), ends };
}

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
