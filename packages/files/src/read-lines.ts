import { isUtf8 } from "node:buffer";
import { RevocabError, showText, throwIfAborted } from "@revocab/core";
import { openText } from "./open-text.ts";

/**
 * The lines of a UTF-8 text, a file or a pipe, without their ends (LF or CR LF); a byte order mark is left out. A text that ends in a
 * line end has no further line after it.
 * @throws RevocabError missing_file; bad_text with the number of the first line that is not UTF-8 or has more than 16 MiB;
 *   aborted
 */
export async function readLines(path: string, abortSignal?: AbortSignal): Promise<string[]> {
  throwIfAborted(abortSignal);
  const bytes = await bytesOf(path, abortSignal);
  const lines: string[] = [];
  const isValid = isUtf8(bytes);
  for (let start = hasMark(bytes) ? 3 : 0; start < bytes.length; ) {
    if (lines.length % LINES_BETWEEN_CHECKS === 0) throwIfAborted(abortSignal);
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found < 0 ? bytes.length : found;
    if (end - start > LONGEST_LINE) {
      throw new RevocabError(
        "bad_text",
        `${showText(path)}, line ${lines.length + 1} has ${end - start} bytes, expected at most ${LONGEST_LINE}`,
        { hint: "give a text with a sentence, or a word, in each line" },
      );
    }
    if (!isValid && !isUtf8(bytes.subarray(start, end))) {
      throw new RevocabError("bad_text", `${showText(path)}, line ${lines.length + 1} is not UTF-8`, {
        hint: "convert it, for example with iconv -f LATIN1 -t UTF-8",
      });
    }
    const isCarried = end > start && bytes[end - 1] === CARRIAGE_RETURN;
    lines.push(bytes.toString("utf8", start, isCarried ? end - 1 : end));
    start = end + 1;
  }
  return lines;
}

const LINE_FEED = 0x0a;
const LONGEST_LINE = 2 ** 24;
const CARRIAGE_RETURN = 0x0d;
const LINES_BETWEEN_CHECKS = 1 << 16;
/** A text is held whole; ten million sentences are about this much. */
const MAXIMUM_BYTES = 2 ** 30;

async function bytesOf(path: string, abortSignal: AbortSignal | undefined): Promise<Buffer> {
  const file = await openText(path);
  try {
    for (let wanted = FIRST_BYTES; ; wanted = Math.min(8 * wanted, MAXIMUM_BYTES)) {
      const { bytes, isWhole } = await file.readStart(wanted, abortSignal);
      if (isWhole) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      if (wanted === MAXIMUM_BYTES) break;
    }
  } finally {
    await file.close();
  }
  throw new RevocabError(
    "bad_text",
    `${showText(path)} has more than ${MAXIMUM_BYTES} bytes, expected a text of at most so many`,
    { hint: "give a part of it, for example with head -n" },
  );
}

const FIRST_BYTES = 2 ** 24;

function hasMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}
