import { type Job, quote, RevocabError, threadsOf } from "@revocab/core";

export interface TrainWordVectorsOptions {
  /**
   * The text: a file of words with white space between them, a line being what belongs together (bytes 0, 9–13 and 32 are
   * white space, the rest is UTF-8); or sequences of any strings, such as the tokens of a tokenizer, read once.
   */
  readonly documents: string | AsyncIterable<readonly string[]> | Iterable<readonly string[]>;
  /** Predict the words around a word from it, or a word from those around it. @default "skipgram" */
  readonly model?: "skipgram" | "cbow";
  /** d @default 100 */
  readonly dimension?: number;
  /** @default 5 */
  readonly epochs?: number;
  /** Words seen more rarely get no row. @default 5 */
  readonly minCount?: number;
  /** Shortest n-gram in characters, the marks of the word's ends included. @default 3 */
  readonly minN?: number;
  /** Longest n-gram; 0 trains words alone. @default 6 */
  readonly maxN?: number;
  /** Rows that the n-grams share by hash; 4·d bytes each. @default 2_000_000, 0 without n-grams */
  readonly buckets?: number;
  /** Words on each side, at most. @default 5 */
  readonly window?: number;
  /** Negative examples for each positive one. @default 5 */
  readonly negatives?: number;
  /** Words with a larger share of the text are sometimes left out: t. @default 1e-4 */
  readonly subsampling?: number;
  /** Falls to 0 in equal steps. @default 0.05 */
  readonly learningRate?: number;
  /** Tokens of one thread between two of these steps. @default 100 */
  readonly learningRateUpdateRate?: number;
  /** `threads`: with more than one, two runs differ: threads write to the same rows without locks. @default the number of cores */
  readonly job?: Job;
  /** @default 0 */
  readonly seed?: number;
}

/** All numbers of a training, checked. */
export type TrainingNumbers = Required<
  Omit<TrainWordVectorsOptions, "documents" | "job"> & { threads: number }
>;

/** Each has its own part of the shared memory. */
const MOST_THREADS = 256;

/** @throws RevocabError bad_options naming the option, what was found and what is possible */
export function trainingNumbers(options: TrainWordVectorsOptions): TrainingNumbers {
  const {
    model = "skipgram",
    dimension = 100,
    epochs = 5,
    minCount = 5,
    minN = 3,
    maxN = 6,
    buckets = 2_000_000,
    window = 5,
    negatives = 5,
    subsampling = 1e-4,
    learningRate = 0.05,
    learningRateUpdateRate = 100,
    job,
    seed = 0,
  } = options;
  const threads = Math.min(threadsOf(job, MOST_THREADS), MOST_THREADS);
  if (model !== "skipgram" && model !== "cbow")
    throw new RevocabError("bad_options", `model is ${quote(model)}`, {
      hint: "choose skipgram or cbow",
    });
  wholeNumber("dimension", dimension, 1, 8192);
  wholeNumber("epochs", epochs, 1, 100_000);
  wholeNumber("minCount", minCount, 1, MOST);
  wholeNumber("minN", minN, 0, 1000);
  wholeNumber("maxN", maxN, 0, 1000);
  if (maxN > 0 && minN > maxN)
    throw new RevocabError("bad_options", `minN is ${minN}, more than maxN ${maxN}`, {
      hint: "make maxN at least minN, or 0 for no n-grams",
    });
  wholeNumber("buckets", buckets, maxN === 0 ? 0 : 1, MOST);
  wholeNumber("window", window, 1, 1024);
  wholeNumber("negatives", negatives, 0, 10_000);
  positive("subsampling", subsampling);
  positive("learningRate", learningRate);
  wholeNumber("learningRateUpdateRate", learningRateUpdateRate, 0, MOST);
  wholeNumber("threads", threads, 1, MOST_THREADS);
  wholeNumber("seed", seed, 0, Number.MAX_SAFE_INTEGER);
  return {
    model,
    dimension,
    epochs,
    minCount,
    minN,
    maxN,
    buckets: maxN === 0 ? 0 : buckets,
    window,
    negatives,
    subsampling,
    learningRate,
    learningRateUpdateRate,
    threads,
    seed,
  };
}

/** fastText's files hold these numbers in 32 bits with a sign. */
const MOST = 2 ** 31 - 1;

function wholeNumber(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new RevocabError("bad_options", `${name} is ${value}, not a whole number from ${least} to ${most}`);
}

function positive(name: string, value: number): void {
  if (!(value > 0) || !Number.isFinite(value))
    throw new RevocabError("bad_options", `${name} is ${value}, not a number greater than 0`);
}
