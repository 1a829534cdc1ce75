import { RevocabError, showText } from "@revocab/core";
import { openFile } from "./open-file.ts";

/**
 * The lines of a UTF-8 file as they are read, without their ends. A pipe is refused: such texts are read more than once.
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
      yield* lines;
    }
    yield rest + decoder.decode();
  } catch (cause) {
    throw readFailure(path, read, cause);
  }
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
  return new RevocabError("missing_file", `${showText(path)} cannot be read: ${(cause as Error).message}`, {
    hint: "give a file of text in UTF-8",
    cause,
  });
}
