import { deflateRawSync } from "node:zlib";
import type { Vocabulary } from "@revocab/core";
import { KINDS, type Packed, type PackedVocabulary } from "./panel-data.ts";

/** Numbers or bytes as the page's scripts unpack them: little-endian, deflated, in base64. */
export function pack(values: Uint8Array | Uint16Array | Uint32Array | Float32Array): Packed {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return deflateRawSync(bytes, { level: 9 }).toString("base64");
}

export function packVocabulary(vocabulary: Vocabulary): PackedVocabulary {
  const { size } = vocabulary;
  const tokens = Array.from({ length: size }, (_, id) => vocabulary.bytesOf(id).subarray(0, LONGEST_TOKEN));
  const total = tokens.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(total);
  let end = 0;
  for (const token of tokens) {
    bytes.set(token, end);
    end += token.length;
  }
  return {
    size,
    kinds: pack(Uint8Array.from(tokens, (_, id) => KINDS.indexOf(vocabulary.kindOf(id)))),
    lengths: pack(Uint16Array.from(tokens, ({ length }) => length)),
    bytes: pack(bytes),
  };
}

/** Bytes of a token that are shown; the longest of published tokenizers have some hundreds. */
const LONGEST_TOKEN = 0xffff;
