import { RevocabError, showText } from "@revocab/core";

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
  if (zero >= 0) throw zeroByte(bytes, zero, path);
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
    `${showText(path)}: found the byte ${hexOf(bytes[at])} at offset ${at}, expected text in UTF-8; it looks like ${name}`,
    { hint: `convert it: ${convert} "${path}" > text.txt` },
  );
}

/** Of UTF-16 every other byte is 0 where the letters are Latin; a single one is a fault of the text. */
function zeroByte(bytes: Uint8Array, at: number, path: string): RevocabError {
  const near = bytes.subarray(at, at + NEAR_ZERO).filter((_, index) => index % 2 === 0);
  const zeros = near.reduce((count, value) => count + (value === 0 ? 1 : 0), 0);
  if (zeros > near.length / 2) return wrongByte(bytes, at, path, at % 2 === 1 ? UTF_16_LE : UTF_16_BE);
  return new RevocabError(
    "bad_text",
    `${showText(path)}: found the byte 0x00 at offset ${at}, expected text in UTF-8, which has none`,
    {
      hint: `take it out: tr -d '\\000' < "${path}" > text.txt; or give the text itself, if this is another kind of file`,
    },
  );
}

const NEAR_ZERO = 64;

function cutCharacter(bytes: Uint8Array, at: number, path: string): RevocabError {
  return new RevocabError(
    "bad_text",
    `${showText(path)}: the file ends within a character, that of the byte ${hexOf(bytes[at])} at offset ${at}`,
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

/**
 * The offset of the first character that is not UTF-8, or that the end cuts off; the length of the bytes if all are
 * UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
 */
export function firstInvalidByte(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const length = characterLength(bytes[at]);
    if (length === 0 || !isContinued(bytes, at, length)) break;
    at += length;
  }
  return at;
}

/** Bytes of the character that this byte leads; 0 for a byte that leads none. */
export function characterLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

function isContinued(bytes: Uint8Array, at: number, length: number): boolean {
  let [low, high] = SECOND_BYTES.get(bytes[at]) ?? ANY;
  for (let offset = 1; offset < length; offset++) {
    const value = at + offset < bytes.length ? bytes[at + offset] : 0;
    if (value < low || value > high) return false;
    [low, high] = ANY;
  }
  return true;
}

const ANY: readonly [number, number] = [0x80, 0xbf];

/** Leads after which not every continuation byte may come. */
const SECOND_BYTES: ReadonlyMap<number, readonly [number, number]> = new Map([
  [0xe0, [0xa0, 0xbf]],
  [0xed, [0x80, 0x9f]],
  [0xf0, [0x90, 0xbf]],
  [0xf4, [0x80, 0x8f]],
]);
