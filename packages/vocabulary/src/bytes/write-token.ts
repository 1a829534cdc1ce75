import type { Notation } from "../notation.ts";
import { BYTE_ALPHABET } from "./byte-alphabet.ts";
import type { ByteSink } from "./byte-sink.ts";

/**
 * Appends the bytes that `token` stands for:
 * `Ġcafé` → ` café` (byte level) · `▁你` → ` 你` · `<0x0A>` → `\n` · `##ing` → `ing` · `ing` → ` ing` (WordPiece).
 */
export function writeToken(token: string, notation: Notation, sink: ByteSink): "text" | "byte" {
  if (notation.hasByteTokens) {
    const byte = byteOfToken(token);
    if (byte >= 0) {
      sink.byte(byte);
      return "byte";
    }
  }
  const { continuingPrefix, endSuffix } = notation;
  let body = token;
  let endsWord = false;
  if (continuingPrefix !== "" && body.length > continuingPrefix.length && body.startsWith(continuingPrefix)) {
    body = body.slice(continuingPrefix.length);
  } else if (notation.startsWithSpace) {
    sink.byte(0x20);
  }
  if (endSuffix !== "" && body.endsWith(endSuffix)) {
    body = body.slice(0, -endSuffix.length);
    endsWord = true;
  }
  if (!(notation.isByteLevel && writeByteLevel(body, sink))) {
    sink.text(notation.spaceMark === undefined ? body : body.replaceAll(notation.spaceMark, " "));
  }
  if (endsWord) sink.byte(0x20);
  return "text";
}

/** The byte that `<0xHH>` names, or −1 for any other token. */
export function byteOfToken(token: string): number {
  return token.length === 6 && BYTE_TOKEN.test(token) ? Number.parseInt(token.slice(3, 5), 16) : -1;
}

const BYTE_TOKEN = /^<0x[0-9A-Fa-f]{2}>$/;

/** False, with nothing written, when some character is outside the alphabet: such a token stands for its own text. */
function writeByteLevel(token: string, sink: ByteSink): boolean {
  const start = sink.length;
  for (let i = 0; i < token.length; i++) {
    const byte = BYTE_ALPHABET.byteOf[token.charCodeAt(i)] ?? -1;
    if (byte < 0) {
      sink.rewind(start);
      return false;
    }
    sink.byte(byte);
  }
  return true;
}
