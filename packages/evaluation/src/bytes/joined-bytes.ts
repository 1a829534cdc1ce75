import type { TokenId, Vocabulary } from "@revocab/core";

/** The bytes that tokens stand for, one after the other. */
export function joinedBytes(vocabulary: Vocabulary, tokens: readonly TokenId[]): Uint8Array {
  return Buffer.concat(tokens.map((token) => vocabulary.bytesOf(token)));
}
