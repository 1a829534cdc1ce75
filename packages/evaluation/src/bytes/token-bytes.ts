import type { TokenId, Vocabulary } from "@revocab/core";

/** The bytes that tokens stand for, one after the other. */
export function joinedBytes(vocabulary: Vocabulary, tokens: readonly TokenId[]): Uint8Array {
  return Buffer.concat(tokens.map((token) => vocabulary.bytesOf(token)));
}

export interface Placed {
  readonly text: string;
  /** [tokens] where each ends in the text; −1 inside a character. */
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

/**
 * Where a sequence of bytes ends within a UTF-8 character: 0 between characters, else a code for what the character still
 * needs. −1 after an invalid byte, and it stays −1.
 */
export type Utf8State = number;

/** The state after `bytes`, from `state`: `E2 82` after 0 gives "one more of 80–BF"; `C0` gives −1. */
export function utf8StateAfter(state: Utf8State, bytes: Uint8Array): Utf8State {
  let now = state;
  for (let i = 0; i < bytes.length && now >= 0; i++) now = step(now, bytes[i]);
  return now;
}

/** [state] how many characters can still be completed. */
export const COMPLETIONS: readonly number[] = [
  1,
  64,
  64 * 64,
  64 * 64 * 64,
  32 * 64,
  32 * 64,
  48 * 64 * 64,
  16 * 64 * 64,
];

// 1, 2, 3: so many continuation bytes; 4–7: the next byte is restricted, to exclude overlong forms, surrogates, > U+10FFFF.
const AFTER_E0 = 4;
const AFTER_ED = 5;
const AFTER_F0 = 6;
const AFTER_F4 = 7;
const LOWEST = [0, 0x80, 0x80, 0x80, 0xa0, 0x80, 0x90, 0x80];
const HIGHEST = [0, 0xbf, 0xbf, 0xbf, 0xbf, 0x9f, 0xbf, 0x8f];
const NEXT = [0, 0, 1, 2, 1, 1, 2, 2];

function step(state: Utf8State, byte: number): Utf8State {
  if (state > 0) return byte >= LOWEST[state] && byte <= HIGHEST[state] ? NEXT[state] : -1;
  if (byte < 0x80) return 0;
  if (byte < 0xc2 || byte > 0xf4) return -1;
  if (byte < 0xe0) return 1;
  if (byte < 0xf0) return byte === 0xe0 ? AFTER_E0 : byte === 0xed ? AFTER_ED : 2;
  return byte === 0xf0 ? AFTER_F0 : byte === 0xf4 ? AFTER_F4 : 3;
}
