import { stat } from "node:fs/promises";
import { type Job, mapAhead, RevocabError, showText, type TokenId, throwIfAborted } from "@revocab/core";
import { linesOfText } from "@revocab/files";
import { type Tokenizer, writableEncoder } from "@revocab/vocabulary";

/** A line as one tokenizer writes it. */
export interface EncodedLine {
  readonly ids: Uint32Array;
  /** Characters, or words, that it has no token for, not even an unknown one. */
  readonly refused: number;
  /** The text of the ids. */
  readonly decoded: string;
}

/** Encodes lines by one tokenizer; what it has no tokens for is left out and counted. */
export function lineEncoder(
  tokenizer: Tokenizer,
): (line: string, abortSignal?: AbortSignal) => Promise<EncodedLine> {
  const encode = writableEncoder(tokenizer);
  return async (line, abortSignal) => {
    const { ids, refused } = await encode(line, abortSignal);
    return { ids, refused: refused.length, decoded: await tokenizer.decode(ids) };
  };
}

/**
 * The lines of a text that are not empty, each with what every tokenizer makes of it. Some hundred lines are in memory at a time. Lines of
 * `<|endoftext|>` alone, which divide documents, are left out.
 * @throws RevocabError missing_file; bad_text for a text that is empty or not UTF-8; aborted
 */
export async function* encodedLines(
  path: string,
  tokenizers: readonly Tokenizer[],
  { step, job }: { readonly step: string; readonly job: Job | undefined },
): AsyncGenerator<readonly [line: string, encoded: readonly EncodedLine[]]> {
  const encoders = tokenizers.map(lineEncoder);
  const abortSignal = job?.abortSignal;
  let total = 0;
  let done = 0;
  let lines = 0;
  const encode = (line: string) => Promise.all(encoders.map((encoder) => encoder(line, abortSignal)));
  for await (const [line, encoded] of mapAhead(linesWithText(path), encode)) {
    throwIfAborted(abortSignal);
    if (lines === 0) total = (await stat(path)).size;
    lines++;
    done = Math.min(total, done + Buffer.byteLength(line) + 1);
    if (lines % LINES_BETWEEN_EVENTS === 0)
      job?.onProgress?.({ type: "progress", step, done, total, unit: "bytes" });
    yield [line, encoded];
  }
  if (lines === 0) {
    throw new RevocabError("bad_text", `${showText(path)}: found no text, only white space or nothing`, {
      hint: "give a UTF-8 text file of at least some sentences",
    });
  }
  job?.onProgress?.({ type: "progress", step, done: total, total, unit: "bytes" });
}

const LINES_BETWEEN_EVENTS = 256;

async function* linesWithText(path: string): AsyncGenerator<string> {
  for await (const line of linesOfText(path)) {
    if (/\S/u.test(line) && line.trim() !== "<|endoftext|>") yield line;
  }
}

/** Adds ids to the counts of a vocabulary. */
export function countIds(counts: Float64Array, ids: Uint32Array): void {
  for (const id of ids as Iterable<TokenId>) counts[id]++;
}
