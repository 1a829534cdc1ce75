import type { TokenId, Vocabulary } from "@revocab/core";
import { characterLength } from "./bytes/characters.ts";

/**
 * A token for people to read: ` café` as it is, `\n`, `\x1b` and bytes that are no UTF-8 (`\xff`) escaped, a special
 * by its string (`<s>`), `<unused 17>` for a hole.
 */
export function displayToken(vocabulary: Vocabulary, id: TokenId): string {
  const kind = vocabulary.kindOf(id);
  if (kind === "special") return vocabulary.tokenOf(id);
  if (kind === "unused") return `<unused ${id}>`;
  return displayBytes(vocabulary.bytesOf(id));
}

function displayBytes(bytes: Uint8Array): string {
  let shown = "";
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    if (length === 0) shown += hex(bytes[at]);
    else shown += escapeControl(DECODER.decode(bytes.subarray(at, at + length)), bytes[at]);
    at += Math.max(length, 1);
  }
  return shown;
}

function escapeControl(character: string, byte: number): string {
  const named = NAMED[character];
  if (named !== undefined) return named;
  if (!INVISIBLE.test(character)) return character;
  return character.length === 1 && byte < 0x80 ? hex(byte) : `\\u{${character.codePointAt(0)!.toString(16)}}`;
}

function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };
/** Control and format characters, separators but the space, unassigned and private ones. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/u;
