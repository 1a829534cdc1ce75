import { RevocabError } from "@revocab/core";
import { characterLength, firstInvalidByte } from "./first-invalid-byte.ts";

/**
 * The text of UTF-8 bytes, without a byte-order mark. Nothing is replaced: a wrong byte would be scored as U+FFFD, which
 * the author never wrote.
 * @param isWhole false for the start of a longer file, whose last character may be cut: it is dropped
 * @param path for messages
 * @throws RevocabError `bad_text` with the offset and the value of the first wrong byte, and what the file looks like
 */
export function decodeText(bytes: Uint8Array, isWhole: boolean, path: string): string {
  const marked = MARKS.find(({ mark }) => mark.every((value, index) => bytes[index] === value));
  if (marked !== undefined) throw wrongByte(bytes, 0, path, marked);
  const zero = bytes.indexOf(0);
  if (zero >= 0) throw wrongByte(bytes, zero, path, zero % 2 === 1 ? UTF_16_LE : UTF_16_BE);
  const complete = isWhole ? bytes : bytes.subarray(0, lastBoundary(bytes));
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(complete);
  } catch (cause) {
    const at = firstInvalidByte(complete);
    // Invalid bytes are all it throws for, but for a text beyond the engine's longest string.
    if (at === complete.length) throw cause;
    if (at + characterLength(bytes[at]) > bytes.length) throw cutCharacter(bytes, at, path);
    throw wrongByte(bytes, at, path, bytes[at] >= 0x80 && bytes[at] < 0xa0 ? WINDOWS_1252 : LATIN_1);
  }
}

interface Encoding {
  readonly name: string;
  /** The command that makes UTF-8 of it. */
  readonly convert: string;
}

const UTF_16_LE: Encoding = { name: "UTF-16 (little-endian)", convert: "iconv -f utf-16le -t utf-8" };
const UTF_16_BE: Encoding = { name: "UTF-16 (big-endian)", convert: "iconv -f utf-16be -t utf-8" };
const LATIN_1: Encoding = { name: "Latin-1 (ISO 8859-1)", convert: "iconv -f latin1 -t utf-8" };
/** Latin-1 has control characters where Windows has quotation marks and dashes. */
const WINDOWS_1252: Encoding = { name: "Windows-1252", convert: "iconv -f windows-1252 -t utf-8" };

const UTF_16: Encoding = { name: "UTF-16 with a byte-order mark", convert: "iconv -f utf-16 -t utf-8" };
/** UTF-32 first: its little-endian mark begins with that of UTF-16. */
const MARKS: readonly (Encoding & { readonly mark: readonly number[] })[] = [
  { mark: [0xff, 0xfe, 0, 0], name: "UTF-32 with a byte-order mark", convert: "iconv -f utf-32 -t utf-8" },
  { mark: [0xff, 0xfe], ...UTF_16 },
  { mark: [0xfe, 0xff], ...UTF_16 },
  { mark: [0x1f, 0x8b], name: "a gzip file", convert: "gzip -dc" },
];

function wrongByte(bytes: Uint8Array, at: number, path: string, { name, convert }: Encoding): RevocabError {
  return new RevocabError(
    "bad_text",
    `${path}: found the byte ${hexOf(bytes[at])} at offset ${at}, expected text in UTF-8; it looks like ${name}`,
    { hint: `convert it: ${convert} "${path}" > text.txt` },
  );
}

function cutCharacter(bytes: Uint8Array, at: number, path: string): RevocabError {
  return new RevocabError(
    "bad_text",
    `${path}: the file ends within a character, that of the byte ${hexOf(bytes[at])} at offset ${at}`,
    { hint: "copy the file again, or cut it at a character's boundary" },
  );
}

function hexOf(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(2, "0")}`;
}

/** Where the last character that is not cut ends. */
function lastBoundary(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const length = characterLength(bytes[bytes.length - back]);
    if (length > back) return bytes.length - back;
    if (length > 0) break;
  }
  return bytes.length;
}
