import { type Job, quote, RevocabError, throwIfAborted } from "@revocab/core";
import { replaceFile } from "@revocab/files";
import {
  ARGUMENT_BYTES,
  FASTTEXT_MAGIC,
  FASTTEXT_VERSION,
  type FastTextArguments,
  type FastTextDictionary,
  type FastTextModel,
  LOSS_NUMBERS,
  MODEL_NUMBERS,
  WORD_TYPE,
} from "./fasttext-model.ts";

const STEP = "write vectors";
const WORDS_PER_WRITE = 10_000;
const BYTES_PER_WRITE = 4 << 20;

/**
 * Writes a model as fastText's binary file, version 12, which fastText, gensim and `readFastText` open. A file that
 * is there already is replaced when the new one is whole.
 * @throws RevocabError `bad_vectors` when the parts of the model do not fit, `no_space`, `write_failed`, `aborted`
 */
export async function writeFastText(path: string, model: FastTextModel, job?: Job): Promise<void> {
  checkModel(model);
  const { dictionary, input, output } = model;
  const { dimension } = model.arguments;
  const total = (input.length + output.length) * 4;
  let done = 0;
  await replaceFile(path, async (write) => {
    await write(headBytes(model.arguments));
    await write(sizeBytes(dictionary));
    for (let start = 0; start < dictionary.words.length; start += WORDS_PER_WRITE) {
      throwIfAborted(job?.abortSignal);
      await write(wordBytes(dictionary, start));
    }
    for (const matrix of [input, output]) {
      await write(shapeBytes(matrix.length / dimension, dimension));
      for (let start = 0; start < matrix.byteLength; start += BYTES_PER_WRITE) {
        throwIfAborted(job?.abortSignal);
        const length = Math.min(BYTES_PER_WRITE, matrix.byteLength - start);
        await write(new Uint8Array(matrix.buffer, matrix.byteOffset + start, length));
        done += length;
        job?.onProgress?.({ type: "progress", step: STEP, done, total, unit: "bytes" });
      }
    }
  });
}

function checkModel({ arguments: trained, dictionary, input, output }: FastTextModel): void {
  const { dimension, buckets, model } = trained;
  const { words, counts } = dictionary;
  if (model === "supervised") throw unfit("a classifier's labels are not part of the model");
  if (words.length === 0) throw unfit("it has no words");
  if (counts.length !== words.length) throw unfit(`it has ${words.length} words and ${counts.length} counts`);
  const inputLength = (words.length + buckets) * dimension;
  if (input.length !== inputLength) throw unfit(`its input has ${input.length} values, not ${inputLength}`);
  const outputLength = words.length * dimension;
  if (output.length !== outputLength)
    throw unfit(`its output has ${output.length} values, not ${outputLength}`);
  const broken = words.find((word) => word === "" || word.includes("\0"));
  if (broken !== undefined) throw unfit(`the word ${quote(broken)} is empty or has a zero byte in it`);
}

function unfit(why: string): RevocabError {
  return new RevocabError("bad_vectors", `the model cannot be written as a fastText file: ${why}`);
}

function headBytes(trained: FastTextArguments): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 + ARGUMENT_BYTES));
  const integers = [
    FASTTEXT_MAGIC,
    FASTTEXT_VERSION,
    trained.dimension,
    trained.window,
    trained.epochs,
    trained.minCount,
    trained.negatives,
    trained.wordNgrams,
    LOSS_NUMBERS[trained.loss],
    MODEL_NUMBERS[trained.model],
    trained.buckets,
    trained.minN,
    trained.maxN,
    trained.learningRateUpdateRate,
  ];
  for (const [i, value] of integers.entries()) view.setInt32(4 * i, value, true);
  view.setFloat64(4 * integers.length, trained.samplingThreshold, true);
  return new Uint8Array(view.buffer);
}

/** Entries, words, labels, tokens, and −1: no n-gram was pruned. */
function sizeBytes({ words, tokenCount }: FastTextDictionary): Uint8Array {
  const view = new DataView(new ArrayBuffer(28));
  view.setInt32(0, words.length, true);
  view.setInt32(4, words.length, true);
  view.setInt32(8, 0, true);
  view.setBigInt64(12, BigInt(tokenCount), true);
  view.setBigInt64(20, -1n, true);
  return new Uint8Array(view.buffer);
}

function wordBytes({ words, counts }: FastTextDictionary, start: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let i = start; i < Math.min(start + WORDS_PER_WRITE, words.length); i++) {
    const rest = new DataView(new ArrayBuffer(9));
    rest.setBigInt64(0, BigInt(counts[i] as number), true);
    rest.setInt8(8, WORD_TYPE);
    parts.push(Buffer.from(`${words[i]}\0`), new Uint8Array(rest.buffer));
  }
  return Buffer.concat(parts);
}

/** Not quantized, rows, columns. */
function shapeBytes(rows: number, columns: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(17));
  view.setBigInt64(1, BigInt(rows), true);
  view.setBigInt64(9, BigInt(columns), true);
  return new Uint8Array(view.buffer);
}
