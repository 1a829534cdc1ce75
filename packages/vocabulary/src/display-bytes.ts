import { showLine } from "@revocab/core";
import { characterLength } from "./bytes/characters.ts";

/**
 * The bytes of a token for people to read: ` café` as it is; what `showLine` escapes (`\n`, `\x1b`) and bytes that are no
 * UTF-8 (`\xff`) are escaped. A backslash of the token itself is doubled, to distinguish it from an escape. It runs in
 * browsers, too.
 */
export function displayBytes(bytes: Uint8Array): string {
  let shown = "";
  let whole = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    if (length === 0) {
      shown += escaped(bytes.subarray(whole, at)) + hex(bytes[at]);
      whole = at + 1;
    }
    at += Math.max(length, 1);
  }
  return shown + escaped(bytes.subarray(whole));
}

function escaped(bytes: Uint8Array): string {
  return bytes.length === 0 ? "" : showLine(DECODER.decode(bytes).replaceAll("\\", "\\\\"));
}

function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
