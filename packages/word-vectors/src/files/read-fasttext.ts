import { type ProgressListener, RevocabError, showText } from "@revocab/core";
import type { WordVectors } from "../word-vectors.ts";
import { ByteReader } from "./byte-reader.ts";
import { damaged, quantized, readFastTextArguments, readFastTextDictionary } from "./fasttext-head.ts";
import { makeWordVectors } from "./make-word-vectors.ts";
import { checkMaxWords, type ReadVectorsOptions, reportBytes } from "./read-vectors-options.ts";
import { RowBlocks } from "./row-blocks.ts";

/**
 * Reads fastText's binary files: versions 11 and 12 and the one before that had no number, of unsupervised models and
 * of classifiers. Vectors are those that fastText itself prints, bit for bit. Memory: 4 × d × (words + buckets) bytes.
 *
 * Layout, little-endian: magic i32, version i32 · 12 arguments i32, 1 f64 · entries, words, labels i32, tokens i64,
 * pruned i64 · for each entry its word, 0, count i64, type i8 · quantized u8, rows i64, d i64, rows × d f32 (input) ·
 * the same again (output). Before version 11 there was no magic, version, `pruned` or `quantized`.
 *
 * @throws RevocabError `missing_file`, `bad_vectors`, `not_finite`, `bad_options`, `aborted`
 * @see https://github.com/facebookresearch/fastText `FastText::loadModel`
 */
export async function readFastText(
  path: string,
  { maxWords = Number.POSITIVE_INFINITY, onlyLearnedNgrams = false, job }: ReadVectorsOptions = {},
): Promise<WordVectors> {
  checkMaxWords(maxWords);
  const reader = await ByteReader.open(path, job?.abortSignal);
  try {
    const { version, arguments: trained } = await readFastTextArguments(reader);
    const { dimension, minN, maxN, buckets, model } = trained;
    const dictionary = await readFastTextDictionary(reader, { version, maxWords });
    noteBrokenWords(path, dictionary.rawWords.size, job?.onProgress);

    const { wordCount } = dictionary;
    const shape = await readShape(reader, version, "the input matrix");
    const hasNgrams = maxN > 0;
    if (shape.columns !== dimension || shape.rows !== wordCount + buckets) {
      throw damaged(
        path,
        `its input matrix is ${shape.rows} × ${shape.columns}; ${wordCount} words, ${buckets} buckets and d ${dimension} need ${wordCount + buckets} × ${dimension}`,
      );
    }
    const kept = dictionary.words.length;
    const rows = RowBlocks.empty(dimension, kept + (hasNgrams ? buckets : 0));
    await readRows(reader, rows, kept, job?.onProgress);
    reader.skip((wordCount - kept) * dimension * 4, "the input matrix");
    if (hasNgrams) await readRows(reader, rows, buckets, job?.onProgress);
    else reader.skip(buckets * dimension * 4, "the input matrix");

    await checkOutput(reader, version, dimension, model === "supervised" ? dictionary.labelCount : wordCount);
    return makeWordVectors({
      words: dictionary.words,
      counts: dictionary.counts,
      rows,
      ngrams: hasNgrams
        ? {
            ...{ minN, maxN, buckets, rawWords: dictionary.rawWords, endOfLineHasNgrams: version === 0 },
            onlyLearned: onlyLearnedNgrams,
          }
        : undefined,
    });
  } finally {
    await reader.close();
  }
}

interface Shape {
  readonly rows: number;
  readonly columns: number;
}

async function readShape(reader: ByteReader, version: number, what: string): Promise<Shape> {
  if (version !== 0) {
    const quantization = (await reader.take(1, what))[0];
    if (quantization === 1) throw quantized(reader.path);
    if (quantization !== 0) throw damaged(reader.path, `${what} is neither quantized nor whole`);
  }
  const bytes = await reader.take(16, what);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [rows, columns] = [Number(view.getBigInt64(0, true)), Number(view.getBigInt64(8, true))];
  if (rows < 0 || columns < 0) throw damaged(reader.path, `${what} is ${rows} × ${columns}`);
  reader.expect(rows * columns * 4, `${what} of ${rows} × ${columns} floats`);
  return { rows, columns };
}

async function readRows(
  reader: ByteReader,
  rows: RowBlocks,
  count: number,
  onProgress: ProgressListener | undefined,
): Promise<void> {
  for (let left = count; left > 0; ) {
    const block = rows.addRows(left);
    await reader.fill(new Uint8Array(block.buffer, block.byteOffset, block.byteLength), "the input matrix");
    checkFinite(reader.path, block);
    left -= block.length / rows.columns;
    reportBytes(reader, onProgress);
  }
}

/** An indexed loop: 1.0 ns a value, where `for … of` takes 9.4, 10 seconds more on a model of 7 GB. */
function checkFinite(path: string, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (Number.isFinite(value)) continue;
    throw new RevocabError("not_finite", `${showText(path)} has ${value} in its input matrix`, {
      hint: "its training diverged, or the file is damaged: train with a lower learning rate, or copy it again",
    });
  }
}

/** Nothing here needs the output matrix; but a file that lacks a part of it was cut, who knows where. */
async function checkOutput(
  reader: ByteReader,
  version: number,
  dimension: number,
  rows: number,
): Promise<void> {
  const shape = await readShape(reader, version, "the output matrix");
  if (shape.rows !== rows || shape.columns !== dimension) {
    throw damaged(
      reader.path,
      `its output matrix is ${shape.rows} × ${shape.columns}, not ${rows} × ${dimension}`,
    );
  }
  reader.skip(rows * dimension * 4, "the output matrix");
  if (reader.remaining > 0) throw damaged(reader.path, `${reader.remaining} bytes follow its last matrix`);
}

function noteBrokenWords(path: string, count: number, onProgress: ProgressListener | undefined): void {
  if (count === 0) return;
  const message = `${count} words of ${showText(path)} are not UTF-8: they are listed with U+FFFD in place of the broken bytes`;
  onProgress?.({ type: "note", step: "read vectors", message });
}
