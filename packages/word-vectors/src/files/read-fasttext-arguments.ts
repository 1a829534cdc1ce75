import { RevocabError, showText } from "@revocab/core";
import type { ByteReader } from "./byte-reader.ts";
import {
  ARGUMENT_BYTES,
  FASTTEXT_MAGIC,
  FASTTEXT_VERSION,
  LOSS_NUMBERS,
  MODEL_NUMBERS,
} from "./fasttext-format.ts";
import type { FastTextArguments } from "./fasttext-model.ts";

const LONGEST_NGRAM = 100;

/** The head of a fastText file: its version, 0 where it has none, and how the model was trained. */
export interface FastTextHead {
  readonly version: 0 | 11 | 12;
  readonly arguments: FastTextArguments;
}

/** Reads magic, version and arguments. @throws RevocabError `bad_vectors` */
export async function readFastTextArguments(reader: ByteReader): Promise<FastTextHead> {
  const [first, second] = numbers(await reader.take(8, "the head"), 2);
  const version = versionOf(reader.path, first as number, second as number);
  // Before version 11 the file began with the arguments: the two numbers just read are d and the window.
  const rest = await reader.take(version === 0 ? ARGUMENT_BYTES - 8 : ARGUMENT_BYTES, "the arguments");
  const integers = [
    ...(version === 0 ? [first, second] : []),
    ...numbers(rest, (rest.length - 8) / 4),
  ] as number[];
  const samplingThreshold = new DataView(rest.buffer, rest.byteOffset).getFloat64(rest.length - 8, true);
  const read = named(integers, samplingThreshold, version);
  if (read === undefined) throw notFastText(reader.path, version);
  return { version, arguments: read };
}

function numbers(bytes: Uint8Array, count: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: count }, (_, i) => view.getInt32(4 * i, true));
}

function versionOf(path: string, first: number, second: number): 0 | 11 | 12 {
  if (first !== FASTTEXT_MAGIC) return 0;
  if (second === 11 || second === 12) return second;
  throw new RevocabError(
    "bad_vectors",
    `${showText(path)} says version ${second} of fastText's format; versions 11 to ${FASTTEXT_VERSION} are known`,
    { hint: "open it with the program that wrote it, and save its vectors as text" },
  );
}

/** The arguments by name, or undefined where no fastText could have written them. */
function named(
  integers: readonly number[],
  samplingThreshold: number,
  version: number,
): FastTextArguments | undefined {
  const [
    dimension,
    window,
    epochs,
    minCount,
    negatives,
    wordNgrams,
    loss,
    model,
    buckets,
    minN,
    writtenMaxN,
    rate,
  ] = integers as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const modelName = nameOf(MODEL_NUMBERS, model);
  const lossName = nameOf(LOSS_NUMBERS, loss);
  // fastText itself reads version 11 so: its classifiers had buckets, but never trained n-grams in them.
  const maxN = version < 12 && modelName === "supervised" ? 0 : writtenMaxN;
  const isPlausible =
    dimension > 0 &&
    buckets >= 0 &&
    minN >= 0 &&
    maxN >= 0 &&
    maxN <= LONGEST_NGRAM &&
    (maxN === 0 || buckets > 0);
  if (modelName === undefined || lossName === undefined || !isPlausible) return undefined;
  return {
    model: modelName,
    loss: lossName,
    dimension,
    window,
    epochs,
    minCount,
    negatives,
    wordNgrams,
    buckets,
    minN,
    maxN,
    learningRateUpdateRate: rate,
    samplingThreshold,
  };
}

function nameOf<Name extends string>(
  table: Readonly<Record<Name, number>>,
  number: number,
): Name | undefined {
  return (Object.keys(table) as Name[]).find((name) => table[name] === number);
}

function notFastText(path: string, version: number): RevocabError {
  const found =
    version === 0
      ? `${showText(path)} does not begin as a fastText file does, with ${FASTTEXT_MAGIC} or plausible arguments`
      : `the arguments in ${showText(path)} are such as fastText never writes`;
  return new RevocabError("bad_vectors", found, {
    hint: "fastText's binary files end in .bin; text vectors (.vec, .txt) and word2vec's binary files are read too",
  });
}
