import type { Notation } from "../notation.ts";
import { BYTE_ALPHABET } from "./byte-alphabet.ts";
import type { ByteSink } from "./byte-sink.ts";

/**
 * Makes the writer of what a piece, given in UTF-8, stands for:
 * `Ġcafé` in GPT-2's alphabet → ` café` · `▁你` → ` 你` · `<0x0A>` → `\n` · `##ing` → `ing` · `ing` → ` ing` (WordPiece).
 */
export function tokenWriter(notation: Notation, sink: ByteSink): (piece: Uint8Array) => "text" | "byte" {
  const prefix = Buffer.from(notation.continuingPrefix);
  const suffix = Buffer.from(notation.endSuffix);
  const mark = Buffer.from(notation.spaceMark ?? "");
  return (piece) => {
    const byte = notation.hasByteTokens ? byteOfPiece(piece) : -1;
    if (byte >= 0) {
      sink.byte(byte);
      return "byte";
    }
    let start = 0;
    let end = piece.length;
    if (prefix.length > 0 && end > prefix.length && isAt(piece, 0, prefix)) start = prefix.length;
    else if (notation.startsWithSpace) sink.byte(0x20);
    const endsWord =
      suffix.length > 0 && end - suffix.length >= start && isAt(piece, end - suffix.length, suffix);
    if (endsWord) end -= suffix.length;
    if (!(notation.isByteLevel && writeByteLevel(piece, start, end, sink)))
      writeMarked(piece, start, end, mark, sink);
    if (endsWord) sink.byte(0x20);
    return "text";
  };
}

/** The byte that `<0xHH>` names, or −1 for any other piece. */
function byteOfPiece(piece: Uint8Array): number {
  if (piece.length !== 6 || piece[0] !== 0x3c || piece[1] !== 0x30 || piece[2] !== 0x78 || piece[5] !== 0x3e)
    return -1;
  const digits = String.fromCharCode(piece[3], piece[4]);
  return /^[0-9A-Fa-f]{2}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
}

/** False, with nothing written, when some character is outside the alphabet: such a token stands for its own text. */
function writeByteLevel(piece: Uint8Array, start: number, end: number, sink: ByteSink): boolean {
  const length = sink.length;
  for (let i = start; i < end; ) {
    const lead = piece[i];
    // The alphabet ends at U+0143: all of it is one or two bytes of UTF-8.
    const code = lead < 0x80 ? lead : lead < 0xe0 ? ((lead & 0x1f) << 6) | (piece[i + 1] & 0x3f) : -1;
    const byte = BYTE_ALPHABET.byteOf[code] ?? -1;
    if (byte < 0) {
      sink.rewind(length);
      return false;
    }
    sink.byte(byte);
    i += lead < 0x80 ? 1 : 2;
  }
  return true;
}

function writeMarked(piece: Uint8Array, start: number, end: number, mark: Uint8Array, sink: ByteSink): void {
  for (let i = start; i < end; ) {
    const isMark = mark.length > 0 && i + mark.length <= end && isAt(piece, i, mark);
    sink.byte(isMark ? 0x20 : piece[i]);
    i += isMark ? mark.length : 1;
  }
}

function isAt(piece: Uint8Array, start: number, part: Uint8Array): boolean {
  for (let i = 0; i < part.length; i++) if (piece[start + i] !== part[i]) return false;
  return true;
}
