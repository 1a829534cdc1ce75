import { type Job, RevocabError, showText, throwIfAborted } from "@revocab/core";
import { decodeText } from "./decode-text.ts";
import { openText } from "./open-text.ts";
import {
  boundaryOf,
  type DocumentBoundary,
  type DocumentSplit,
  type TakenDocuments,
  takeDocuments,
} from "./split-documents.ts";

export interface ReadTextOptions {
  /** The most UTF-8 bytes the documents may have together, between 1 and 2²⁸. @default 1_000_000 */
  readonly maxBytes?: number;
  /** Where documents end. @default "auto": at `<|endoftext|>` where the file's start has it, else at blank lines */
  readonly split?: DocumentSplit;
  readonly job?: Job;
}

/** The documents of a text. */
export interface TextDocuments {
  /** Without white space around them; at least one, none empty. */
  readonly documents: readonly string[];
  /** UTF-8 bytes of the documents. */
  readonly bytes: number;
  readonly boundary: DocumentBoundary;
  /** Whether the documents are all that the file has. */
  readonly isWhole: boolean;
  /** What a user should know of the choice, in plain words. */
  readonly notes: readonly string[];
}

/**
 * The first documents of a UTF-8 file whose bytes together stay within `maxBytes`. No document is split but a first one
 * that is longer by itself, which is cut at a character's boundary and noted. Of a longer file only `maxBytes` and
 * 64 KiB are read, and more only where markers and white space, which do not count, take that much room.
 * @throws RevocabError `missing_file`, `bad_text` for a text that is empty or not UTF-8, `bad_options`, `aborted`
 */
export async function readText(
  path: string,
  { maxBytes = 1_000_000, split = "auto", job }: ReadTextOptions = {},
): Promise<TextDocuments> {
  if (!Number.isInteger(maxBytes) || maxBytes < 1 || maxBytes > MOST_BYTES) {
    throw new RevocabError(
      "bad_options",
      `maxBytes is ${maxBytes}, expected a whole number between 1 and ${MOST_BYTES}`,
    );
  }
  throwIfAborted(job?.abortSignal);
  const file = await openText(path);
  try {
    const most = Math.min(MOST_ROOM * maxBytes + SLACK, LONGEST_START);
    for (let wanted = Math.min(maxBytes + SLACK, most); ; wanted = Math.min(2 * wanted, most)) {
      const { bytes, isWhole } = await file.readStart(wanted, job?.abortSignal);
      const text = decodeText(bytes, isWhole, path);
      const boundary = boundaryOf(text, split);
      const taken = takeDocuments(text, isWhole, boundary, maxBytes);
      if (taken.isFull || isWhole) return result(path, taken, boundary, maxBytes);
      if (wanted === most) return result(path, withoutLast(taken, wanted), boundary, maxBytes);
    }
  } finally {
    await file.close();
  }
}

/** So that the markers between a usual text's documents are within the first read. */
const SLACK = 64 * 1024;
/** A file is read to at most so many times the bytes of its documents; beyond that it is all white space. */
const MOST_ROOM = 8;
const MOST_BYTES = 2 ** 28;
/** A JavaScript string has at most 2²⁹ − 24 characters. */
const LONGEST_START = 2 ** 29 - 2 ** 16;

/** The last document of a start may go on where the reading stopped. */
function withoutLast(
  { documents, bytes }: TakenDocuments,
  read: number,
): TakenDocuments & { stopped: number } {
  const kept = documents.length > 1 ? documents.slice(0, -1) : documents;
  const lost = documents.slice(kept.length).reduce((sum, document) => sum + Buffer.byteLength(document), 0);
  return { documents: kept, bytes: bytes - lost, isFull: true, isCut: false, stopped: read };
}

function result(
  path: string,
  { documents, bytes, isFull, isCut, stopped }: TakenDocuments & { readonly stopped?: number },
  boundary: DocumentBoundary,
  maxBytes: number,
): TextDocuments {
  if (documents.length === 0) {
    throw new RevocabError(
      "bad_text",
      `${showText(path)}: found no text${isFull ? ` in its first ${stopped ?? maxBytes} bytes` : ", only white space or nothing"}`,
      { hint: "give a UTF-8 text file of at least some sentences" },
    );
  }
  const notes: string[] = [];
  if (isCut) {
    const what = boundary === "none" ? "the text" : "the first document";
    notes.push(`${what} is longer than ${maxBytes} bytes, so it is cut after its first ${bytes}`);
  }
  if (stopped !== undefined) {
    notes.push(
      `the first ${stopped} bytes of the file have only ${bytes} bytes of documents; the rest is not read`,
    );
  }
  return { documents, bytes, boundary, isWhole: !isFull, notes };
}
