import type { TokenId, TokenKind, Vocabulary } from "@revocab/core";
import { byteToken } from "../bytes/byte-alphabet.ts";
import type { ByteIndex } from "../bytes/byte-index.ts";
import type { Notation } from "../notation.ts";
import type { TokenizerJson } from "../tokenizer-json/tokenizer-json.ts";

export interface SpellerInput {
  readonly json: TokenizerJson;
  readonly notation: Notation;
  readonly index: ByteIndex;
  /** `unused` for hidden tokens, which the index still finds. */
  readonly kindOf: (id: TokenId) => TokenKind;
  /** The bytes of hidden tokens: BPE must split its merges to them again. */
  readonly hidden: ReadonlyMap<TokenId, Uint8Array>;
}

/** Spells bytes in ids; `undefined` if the model would need its unknown token. */
export type Speller = Vocabulary["spell"];

/** [256] the ids of `<0x00>` … `<0xFF>`, −1 for missing ones. */
export function byteTokenIds(
  json: TokenizerJson,
  notation: Notation,
  kindOf: (id: TokenId) => TokenKind,
): Int32Array {
  const ids = new Int32Array(256).fill(-1);
  if (!notation.hasByteTokens) return ids;
  for (let byte = 0; byte < 256; byte++) {
    const id = json.pieces.idOf(byteToken(byte));
    if (id !== undefined && kindOf(id) === "byte") ids[byte] = id;
  }
  return ids;
}
