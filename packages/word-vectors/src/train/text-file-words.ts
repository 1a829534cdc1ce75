import { type ProgressListener, RevocabError, showText } from "@revocab/core";
import { openFile } from "@revocab/files";
import { LINE_END } from "./training-corpus.ts";

/**
 * The words of a text file, `</s>` for each line feed, some thousand at a time.
 * @throws RevocabError missing_file when there is no such file to read; bad_text when it is not UTF-8
 */
export async function* textFileWords(
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
    onProgress?.({ type: "progress", step: "read words", done, total: Math.max(done, total), unit: "bytes" });
    yield wordsOf(text.slice(0, end));
  }
  yield wordsOf(rest + decode());
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
