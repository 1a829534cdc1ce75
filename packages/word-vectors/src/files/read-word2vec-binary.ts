import { quote, RevocabError, showText } from "@revocab/core";
import type { WordVectors } from "../word-vectors.ts";
import { ByteReader } from "./byte-reader.ts";
import { makeWordVectors } from "./make-word-vectors.ts";
import { parseTextHeader } from "./read-text-vectors.ts";
import {
  checkMaxWords,
  fileWithoutWords,
  type ReadVectorsOptions,
  reportBytes,
} from "./read-vectors-options.ts";
import { RowBlocks } from "./row-blocks.ts";

const LONGEST_WORD = 1 << 20;
const WORDS_PER_REPORT = 10_000;
const NEW_LINE = 0x0a;
const SPACE = 0x20;

/**
 * Reads word2vec's binary format: a line "words d", then for each word its bytes, a space and d little-endian floats.
 * The first program ended each with a line feed, gensim does not; both are read. Of a word twice, the first counts.
 * @throws RevocabError `missing_file`, `bad_vectors`, `not_finite`, `bad_options`, `aborted`
 */
export async function readWord2VecBinary(
  path: string,
  { maxWords = Number.POSITIVE_INFINITY, job }: ReadVectorsOptions = {},
): Promise<WordVectors> {
  checkMaxWords(maxWords);
  const reader = await ByteReader.open(path, job?.abortSignal);
  try {
    const header = parseTextHeader(await reader.takeUntil(NEW_LINE, 64, "its first line"));
    if (header === undefined) {
      throw new RevocabError("bad_vectors", `${showText(path)} does not begin with a line "words d"`, {
        hint: "it is not a binary file of word2vec",
      });
    }
    const { words: promised, dimension } = header;
    reader.expect(promised * (1 + 4 * dimension), `${promised} vectors of ${dimension} floats`);
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const words = new Set<string>();
    const rows = RowBlocks.empty(dimension, promised);
    for (let i = 0; i < promised && words.size < maxWords; i++) {
      const what = `word ${i + 1} of ${promised}`;
      let spelling = await reader.takeUntil(SPACE, LONGEST_WORD, what);
      while (spelling[0] === NEW_LINE) spelling = spelling.subarray(1);
      const word = decoder.decode(spelling);
      const row = rows.addRow();
      await reader.fill(new Uint8Array(row.buffer, row.byteOffset, row.byteLength), what);
      if (!row.every(Number.isFinite)) {
        throw new RevocabError(
          "not_finite",
          `${showText(path)}: ${what}, ${quote(word)}, has a value that is not finite`,
          {
            hint: "the file is damaged or of another format",
          },
        );
      }
      if (words.has(word)) rows.dropRow();
      else words.add(word);
      if (i % WORDS_PER_REPORT === 0) reportBytes(reader, job?.onProgress);
    }
    if (words.size === 0) {
      throw fileWithoutWords(path);
    }
    const wasCut = words.size === maxWords;
    if (!wasCut && reader.remaining > 1) {
      throw new RevocabError(
        "bad_vectors",
        `${showText(path)} has ${reader.remaining} bytes after its ${promised} words`,
        {
          hint: "it is damaged or of another format",
        },
      );
    }
    reportBytes(reader, job?.onProgress);
    return makeWordVectors({ words: [...words], counts: undefined, rows, ngrams: undefined });
  } finally {
    await reader.close();
  }
}
