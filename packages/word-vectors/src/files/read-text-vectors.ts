import { RevocabError, showText } from "@revocab/core";
import type { WordVectors } from "../word-vectors.ts";
import { ByteReader } from "./byte-reader.ts";
import { parseDecimal } from "./decimals.ts";
import { makeWordVectors } from "./make-word-vectors.ts";
import {
  checkMaxWords,
  fileWithoutWords,
  type ReadVectorsOptions,
  reportBytes,
} from "./read-vectors-options.ts";
import { RowBlocks } from "./row-blocks.ts";

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
  { maxWords = Number.POSITIVE_INFINITY, job }: ReadVectorsOptions = {},
): Promise<WordVectors> {
  checkMaxWords(maxWords);
  const reader = await ByteReader.open(path, job?.abortSignal);
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
      if (lines % LINES_PER_REPORT === 0) reportBytes(reader, job?.onProgress);
    }
    if (rows === undefined || words.size === 0) throw fileWithoutWords(path);
    const wasCut = words.size === maxWords;
    if (promised !== undefined && !wasCut && lines !== promised) throw wrongCount(path, promised, lines);
    reportBytes(reader, job?.onProgress);
    return makeWordVectors({ words: [...words], counts: undefined, rows, ngrams: undefined });
  } finally {
    await reader.close();
  }
}

function dimensionOf(line: Uint8Array, path: string): number {
  const count = fields(line) - 1;
  if (count >= 1) return count;
  throw badLine(path, 1, 'it is neither a header "words d" nor a word and its numbers');
}

/** A number takes two bytes with its gap, so the first line cannot announce more than half the bytes of the file. */
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

const SPACE = 0x20;
const TAB = 0x09;
const RETURN = 0x0d;

/** The word of a line "word 0.1 0.2 …" ends at `wordEnd`; or what is wrong with the line. */
type SplitLine = { readonly wordEnd: number } | { readonly problem: string };

/**
 * Reads the last `into.length` fields of a line as numbers. Everything before them is the word: GloVe's words may
 * have spaces in them.
 */
export function splitVectorLine(line: Uint8Array, into: Float32Array): SplitLine {
  let end = line.length;
  while (end > 0 && (isGap(line[end - 1]) || line[end - 1] === RETURN)) end--;
  for (let column = into.length - 1; column >= 0; column--) {
    let start = end;
    while (start > 0 && !isGap(line[start - 1])) start--;
    if (start === 0)
      return {
        problem: `${into.length} numbers after a word are expected, and it has ${fields(line)} fields`,
      };
    const value = parseDecimal(line, start, end);
    into[column] = value;
    if (!Number.isFinite(into[column])) {
      return { problem: `"${textOf(line, start, end)}" is not a number that a float can hold` };
    }
    end = start - 1;
    // Between numbers, gaps may be wide; before the first one, a space can be part of the word.
    if (column > 0) while (end > 0 && isGap(line[end - 1])) end--;
  }
  if (end === 0) return { problem: `it has no word before its ${into.length} numbers` };
  if (endsInFraction(line, end)) {
    return { problem: `it has ${fields(line)} fields; one word and ${into.length} numbers are expected` };
  }
  return { wordEnd: end };
}

function isGap(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

function fields(line: Uint8Array): number {
  let count = 0;
  let wasGap = true;
  for (const byte of line) {
    const gap = isGap(byte) || byte === RETURN;
    if (wasGap && !gap) count++;
    wasGap = gap;
  }
  return count;
}

/** A word such as "Berlin 0.25" is a word and a number too many; " 12" may be a word. */
function endsInFraction(line: Uint8Array, end: number): boolean {
  let start = end;
  while (start > 0 && !isGap(line[start - 1])) start--;
  return (
    start > 1 && line.subarray(start, end).includes(0x2e) && Number.isFinite(parseDecimal(line, start, end))
  );
}

function textOf(line: Uint8Array, start: number, end: number): string {
  return new TextDecoder().decode(line.subarray(start, Math.min(end, start + 40)));
}

/** The first line of word2vec's and fastText's formats. */
interface TextHeader {
  readonly words: number;
  /** d */
  readonly dimension: number;
}

/** Reads "words d"; undefined where the line is something else: GloVe's files begin with their first word. */
export function parseTextHeader(line: Uint8Array): TextHeader | undefined {
  const text = new TextDecoder("latin1").decode(line.subarray(0, 64));
  const found = /^(\d{1,15})[ \t]+(\d{1,9})[ \t\r]*$/.exec(text);
  if (found === null || line.length > 64) return undefined;
  const [words, dimension] = [Number(found[1]), Number(found[2])];
  return dimension > 0 ? { words, dimension } : undefined;
}
