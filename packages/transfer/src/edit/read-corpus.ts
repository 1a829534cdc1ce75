import { linesOfText } from "@revocab/files";

/** The lines of a file; each iteration reads it again. */
export interface CorpusFile extends AsyncIterable<string> {
  readonly path: string;
}

/**
 * The lines of a UTF-8 file, as they are read, to learn from or to prune to. `<|endoftext|>` stands between documents of
 * many such files and is no part of their text.
 * @throws RevocabError `missing_file`, `bad_text`
 */
export function readCorpus(path: string): CorpusFile {
  return { path, [Symbol.asyncIterator]: () => linesOf(path) };
}

async function* linesOf(path: string): AsyncGenerator<string> {
  for await (const line of linesOfText(path)) {
    for (const part of line.split("<|endoftext|>")) if (part !== "") yield part;
  }
}
