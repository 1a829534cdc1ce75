import { RevocabError, showText } from "@revocab/core";
import type { ByteReader } from "./byte-reader.ts";
import {
  ARGUMENT_BYTES,
  FASTTEXT_MAGIC,
  FASTTEXT_VERSION,
  type FastTextArguments,
  LABEL_TYPE,
  LOSS_NUMBERS,
  MODEL_NUMBERS,
  WORD_TYPE,
} from "./fasttext-model.ts";

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

const LONGEST_WORD = 1 << 20;
/** A word of one byte, its end, its count and its type. */
const SMALLEST_ENTRY = 1 + 1 + 8 + 1;

export interface StoredDictionary {
  /** The first `maxWords` words; labels of a classifier are not among them. */
  readonly words: readonly string[];
  readonly counts: Float64Array;
  /** The bytes of those words that are not UTF-8, by index. */
  readonly rawWords: ReadonlyMap<number, Uint8Array>;
  /** Words in the file, beyond maxWords too. */
  readonly wordCount: number;
  readonly labelCount: number;
}

/** Reads the dictionary, and leaves the reader behind it. @throws RevocabError `bad_vectors` */
export async function readFastTextDictionary(
  reader: ByteReader,
  { version, maxWords }: { readonly version: number; readonly maxWords: number },
): Promise<StoredDictionary> {
  const sizes = await readSizes(reader, version);
  const kept = Math.min(maxWords, sizes.words);
  const words: string[] = [];
  const counts = new Float64Array(kept);
  const rawWords = new Map<number, Uint8Array>();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
  for (let i = 0; i < sizes.entries; i++) {
    const what = `word ${i + 1} of ${sizes.entries} in the dictionary`;
    const spelling = await reader.takeUntil(0, LONGEST_WORD, what);
    if (i < kept) {
      try {
        words.push(strict.decode(spelling));
      } catch {
        rawWords.set(i, spelling.slice());
        words.push(decoder.decode(spelling));
      }
    }
    const rest = await reader.take(9, what);
    const view = new DataView(rest.buffer, rest.byteOffset);
    const count = Number(view.getBigInt64(0, true));
    const type = i < sizes.words ? WORD_TYPE : LABEL_TYPE;
    if (count < 0 || view.getInt8(8) !== type)
      throw damaged(reader.path, `${what} has no plausible count and type`);
    if (i < kept) counts[i] = count;
  }
  return { words, counts, rawWords, wordCount: sizes.words, labelCount: sizes.entries - sizes.words };
}

async function readSizes(reader: ByteReader, version: number): Promise<{ entries: number; words: number }> {
  const bytes = await reader.take(version === 0 ? 20 : 28, "the sizes of the dictionary");
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const entries = view.getInt32(0, true);
  const words = view.getInt32(4, true);
  const labels = view.getInt32(8, true);
  if (words < 0 || labels < 0 || words + labels !== entries || view.getBigInt64(12, true) < 0n) {
    throw damaged(reader.path, `its dictionary says ${entries} entries, ${words} words and ${labels} labels`);
  }
  // Pruned models are quantized, but the flag for that stands behind the n-grams of the pruning, so this count decides.
  if (version !== 0 && view.getBigInt64(20, true) >= 0n) throw quantized(reader.path);
  if (words === 0) throw damaged(reader.path, "it has no words");
  reader.expect(entries * SMALLEST_ENTRY, `a dictionary of ${entries} entries`);
  return { entries, words };
}

/** @returns RevocabError `bad_vectors` */
export function damaged(path: string, what: string): RevocabError {
  return new RevocabError("bad_vectors", `${showText(path)} is no fastText file that can be read: ${what}`, {
    hint: "copy or download the file again; it may also be of another program",
  });
}

/** @returns RevocabError `bad_vectors` */
export function quantized(path: string): RevocabError {
  return new RevocabError(
    "bad_vectors",
    `${showText(path)} is a quantized or pruned fastText model (.ftz), which has lost its exact vectors`,
    {
      hint: "use the .bin file from which it was made",
    },
  );
}
