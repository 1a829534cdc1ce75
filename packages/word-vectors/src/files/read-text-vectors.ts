import { RevocabError, showText } from "@revocab/core";
import type { WordVectors } from "../word-vectors.ts";
import { ByteReader } from "./byte-reader.ts";
import { makeWordVectors } from "./make-word-vectors.ts";
import { noWords } from "./no-words.ts";
import { checkMaxWords, type ReadVectorsOptions } from "./read-vectors-options.ts";
import { reportBytes } from "./report-bytes.ts";
import { RowBlocks } from "./row-blocks.ts";
import { countFields, splitVectorLine } from "./split-vector-line.ts";
import { parseTextHeader } from "./text-header.ts";

const LONGEST_LINE = 16 << 20;
const LINES_PER_REPORT = 10_000;

/**
 * Reads vectors as text, one word a line and then its d numbers: fastText's .vec and word2vec's text format, which
 * begin with a line "words d", and GloVe's, which does not. Of a word that stands twice, the first counts. Bytes
 * that are not UTF-8 become U+FFFD. The file streams through; memory holds 4 × d × words bytes and the words.
 * @throws RevocabError `missing_file`, `bad_vectors` with the line, `bad_options`, `aborted`
 */
export async function readTextVectors(
  path: string,
  { maxWords = Number.POSITIVE_INFINITY, abortSignal, onProgress }: ReadVectorsOptions = {},
): Promise<WordVectors> {
  checkMaxWords(maxWords);
  const reader = await ByteReader.open(path, abortSignal);
  try {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const words = new Set<string>();
    let rows: RowBlocks | undefined;
    let promised: number | undefined;
    let lines = 0;
    for (let number = 1; words.size < maxWords; number++) {
      const line = await reader.takeLine(LONGEST_LINE, `line ${number}`);
      const isEnd = line === undefined || (line.length === 0 && reader.remaining === 0);
      if (isEnd) break;
      if (rows === undefined) {
        const header = parseTextHeader(line);
        if (header !== undefined) checkDimension(reader, header.dimension);
        promised = header?.words;
        rows = RowBlocks.empty(header?.dimension ?? dimensionOf(line, path));
        if (header !== undefined) continue;
      }
      const row = rows.addRow();
      const split = splitVectorLine(line, row);
      if ("problem" in split) throw badLine(path, number, split.problem);
      const word = decoder.decode(line.subarray(0, split.wordEnd));
      if (words.has(word)) rows.dropRow();
      else words.add(word);
      lines++;
      if (lines % LINES_PER_REPORT === 0) reportBytes(reader, onProgress);
    }
    if (rows === undefined || words.size === 0) throw noWords(path);
    const wasCut = words.size === maxWords;
    if (promised !== undefined && !wasCut && lines !== promised) throw wrongCount(path, promised, lines);
    reportBytes(reader, onProgress);
    return makeWordVectors({ words: [...words], counts: undefined, rows, ngrams: undefined });
  } finally {
    await reader.close();
  }
}

function dimensionOf(line: Uint8Array, path: string): number {
  const count = countFields(line) - 1;
  if (count >= 1) return count;
  throw badLine(path, 1, 'it is neither a header "words d" nor a word and its numbers');
}

/** A number takes two bytes with its gap: what the first line says is not believed beyond that. */
function checkDimension({ path, size }: ByteReader, dimension: number): void {
  if (2 * dimension <= size) return;
  throw badLine(
    path,
    1,
    `it says that vectors have ${dimension} numbers, and the whole file has ${size} bytes`,
  );
}

function wrongCount(path: string, promised: number, found: number): RevocabError {
  return new RevocabError(
    "bad_vectors",
    `${showText(path)} says ${promised} words in its first line and has ${found}`,
    {
      hint: found < promised ? "copy or download the file again" : "correct the first line, or remove it",
    },
  );
}

function badLine(path: string, line: number, problem: string): RevocabError {
  return new RevocabError("bad_vectors", `${showText(path)}, line ${line}: ${problem}`, {
    hint: "text vectors have a word and then its numbers in each line, as many in all lines",
  });
}
