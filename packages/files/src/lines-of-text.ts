import { RevocabError, showMessage, showText } from "@revocab/core";
import { openFile } from "./open-file.ts";

/**
 * The lines of a UTF-8 file as they are read, without their ends. One that is longer than 65,536 characters comes in parts,
 * each as long as that allows and the next from its white space on, where there is any: training holds a line whole, and
 * its time grows faster than the line. A pipe is refused: such texts are read more than once.
 * @throws RevocabError `missing_file`; `bad_text` when the file is not UTF-8
 */
export async function* linesOfText(path: string): AsyncIterable<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  let read = 0;
  const handle = await openFile(path, {
    hint: "give a file of text in UTF-8; of a pipe, write it to a file first",
  });
  const stream = handle.createReadStream() as AsyncIterable<Buffer>;
  try {
    for await (const chunk of stream) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
      read += chunk.length;
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const parts = partsOf(line);
        yield* parts.full;
        yield parts.rest;
      }
      const parts = partsOf(rest);
      yield* parts.full;
      rest = parts.rest;
    }
    yield rest + decoder.decode();
  } catch (cause) {
    throw readFailure(path, read, cause);
  }
}

/** A text in parts of the greatest length, and the rest. Where a part ends depends on that part alone. */
function partsOf(text: string): { readonly full: readonly string[]; readonly rest: string } {
  const full: string[] = [];
  let start = 0;
  while (text.length - start > LONGEST_LINE) {
    const end = start + partLength(text.slice(start, start + LONGEST_LINE));
    full.push(text.slice(start, end));
    start = end;
  }
  return { full, rest: text.slice(start) };
}

const LONGEST_LINE = 2 ** 16;

function partLength(text: string): number {
  const space = /\s\S*$/u.exec(text)?.index ?? 0;
  if (space > 0) return space;
  // not between the halves of a surrogate pair
  return /[\ud800-\udbff]$/.test(text) ? text.length - 1 : text.length;
}

function readFailure(path: string, read: number, cause: unknown): unknown {
  if (cause instanceof RevocabError) return cause;
  if (cause instanceof TypeError) {
    return new RevocabError(
      "bad_text",
      `${showText(path)} is not UTF-8: a byte after the first ${read} is part of no character`,
      {
        hint: "convert it, for example with iconv -f LATIN1 -t UTF-8",
        cause,
      },
    );
  }
  const { code } = cause as NodeJS.ErrnoException;
  if (code === undefined) return cause;
  return new RevocabError(
    "bad_file",
    `${showText(path)} cannot be read: ${showMessage((cause as Error).message)}`,
    {
      hint: "give a file of text in UTF-8",
      cause,
    },
  );
}
