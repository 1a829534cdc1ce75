import { isUtf8 } from "node:buffer";
import { showLine, showText, type TokenId, type Vocabulary } from "@revocab/core";
import { characterLength } from "./bytes/characters.ts";

/**
 * A token for people to read: ` café` as it is; what `showLine` escapes (`\n`, `\x1b`) and bytes that are no UTF-8 (`\xff`)
 * are escaped; a special is shown by its string (`<s>`), escaped in the same way, and a hole as `<unused 17>`.
 */
export function displayToken(vocabulary: Vocabulary, id: TokenId): string {
  const kind = vocabulary.kindOf(id);
  if (kind === "special") return showLine(vocabulary.tokenOf(id));
  if (kind === "unused") return `<unused ${id}>`;
  return displayBytes(vocabulary.bytesOf(id));
}

/** A token as a message of ours quotes it, `" café"`: the same, and with backticks escaped. */
export function quoteToken(vocabulary: Vocabulary, id: TokenId): string {
  return `"${showText(displayToken(vocabulary, id))}"`;
}

/** Bytes of a text as {@link displayToken} shows those of a token. */
export function displayBytes(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return escaped(DECODER.decode(bytes)); // nearly all tokens are whole characters
  let shown = "";
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    if (length === 0) shown += hex(bytes[at]);
    else shown += escaped(DECODER.decode(bytes.subarray(at, at + length)));
    at += Math.max(length, 1);
  }
  return shown;
}

/** A backslash of the token itself is doubled, to distinguish it from an escape. */
function escaped(text: string): string {
  return showLine(text.replaceAll("\\", "\\\\"));
}

function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
