import { type ProgressListener, RevocabError, showText } from "@revocab/core";
import { openFile } from "@revocab/files";
import { LINE_END } from "./training-corpus.ts";
import type { TrainWordVectorsOptions } from "./training-options.ts";

/**
 * The words of a text in order, with `</s>` behind each document or at each line feed of a file.
 * @throws RevocabError bad_text for an empty word, which no file of vectors could hold
 */
export function trainingPieces(
  documents: TrainWordVectorsOptions["documents"],
  onProgress: ProgressListener | undefined,
): AsyncIterable<readonly string[]> {
  return typeof documents === "string" ? textFileWords(documents, onProgress) : linesOf(documents);
}

async function* linesOf(
  documents: Exclude<TrainWordVectorsOptions["documents"], string>,
): AsyncIterable<readonly string[]> {
  let number = 0;
  for await (const document of documents) {
    number++;
    const empty = document.indexOf("");
    if (empty !== -1)
      throw new RevocabError("bad_text", `word ${empty + 1} of document ${number} is an empty string`, {
        hint: "leave empty strings out of the documents",
      });
    yield document;
    yield [LINE_END];
  }
}

/**
 * The words of a text file, `</s>` for each line feed, some thousand at a time.
 * @throws RevocabError missing_file when there is no such file to read; bad_text when it is not UTF-8, or has a word of more
 *   than 262,144 characters
 */
async function* textFileWords(
  file: string,
  onProgress: ProgressListener | undefined,
): AsyncIterable<readonly string[]> {
  const handle = await openFile(file, {
    hint: "give one file of text: it is read more than once, so it cannot be a pipe",
  });
  const total = (await handle.stat()).size;
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let done = 0;
  let rest = "";
  const decode = (bytes?: Uint8Array) => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch (cause) {
      throw new RevocabError("bad_text", `${showText(file)} is not UTF-8 near byte ${done}`, {
        hint: "convert it, for example with iconv -t UTF-8",
        cause,
      });
    }
  };
  for await (const bytes of handle.createReadStream({ highWaterMark: 1 << 18 })) {
    const text = rest + decode(bytes);
    const end = lastSpace(text);
    rest = text.slice(end);
    done += bytes.length;
    if (rest.length > LONGEST_WORD) throw endlessWord(file, done);
    onProgress?.({ type: "progress", step: "read words", done, total: Math.max(done, total), unit: "bytes" });
    yield wordsOf(text.slice(0, end));
  }
  yield wordsOf(rest + decode());
}

/** A longer run of characters is no word: it would be held in memory, and its end searched for again in every block. */
const LONGEST_WORD = 2 ** 18;

function endlessWord(file: string, place: number): RevocabError {
  return new RevocabError(
    "bad_text",
    `${file} has a word of more than ${LONGEST_WORD} characters before byte ${place}, expected white space between words`,
    { hint: "take out what is no text; a script without spaces has to be cut into words first" },
  );
}

const SPACE = /[ \n\r\t\v\f\0]/;
const WORD_OR_LINE_FEED = /[^ \n\r\t\v\f\0]+|\n/g;

function wordsOf(text: string): string[] {
  return (text.match(WORD_OR_LINE_FEED) ?? []).map((word) => (word === "\n" ? LINE_END : word));
}

/** How much of the text is whole words. */
function lastSpace(text: string): number {
  let end = text.length;
  while (end > 0 && !SPACE.test(text[end - 1])) end--;
  return end;
}
