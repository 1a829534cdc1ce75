/** How a fastText model was trained; every file carries it. Names of fastText's own options in parentheses. */
export interface FastTextArguments {
  readonly model: "cbow" | "skipgram" | "supervised";
  readonly loss: "hierarchical-softmax" | "negative-sampling" | "softmax" | "one-vs-all";
  /** d (`dim`) */
  readonly dimension: number;
  /** Words on each side, at most (`ws`). */
  readonly window: number;
  /** (`epoch`) */
  readonly epochs: number;
  /** Words seen more rarely have no row (`minCount`). */
  readonly minCount: number;
  /** Negative examples for each positive one (`neg`). */
  readonly negatives: number;
  /** Runs of words as features; 1 means none (`wordNgrams`). */
  readonly wordNgrams: number;
  /** Rows that the n-grams share by hash (`bucket`). */
  readonly buckets: number;
  /** Shortest n-gram in characters (`minn`). */
  readonly minN: number;
  /** Longest n-gram in characters; 0 means that words have no n-grams (`maxn`). */
  readonly maxN: number;
  /** Tokens between two updates of the learning rate (`lrUpdateRate`). */
  readonly learningRateUpdateRate: number;
  /** Words with a larger share of the text are sometimes skipped (`t`). */
  readonly samplingThreshold: number;
}

/** The words of a model, the most frequent first. */
export interface FastTextDictionary {
  readonly words: readonly string[];
  /** [words] how often each stood in the text. */
  readonly counts: Float64Array;
  /** Words of the text, rare ones included (`ntokens`). */
  readonly tokenCount: number;
}

/** An unsupervised fastText model in memory: the result of training, which `writeFastText` writes. */
export interface FastTextModel {
  readonly arguments: FastTextArguments;
  readonly dictionary: FastTextDictionary;
  /** [(words + buckets) × d] rows of the words, then of the buckets of n-grams. */
  readonly input: Float32Array;
  /** [words × d] rows of the words as context. */
  readonly output: Float32Array;
}

/** The first four bytes of every file since version 11, little-endian; files before it have neither magic nor version. */
export const FASTTEXT_MAGIC = 793712314;
/** What fastText has written since August 2017, and what we write. */
export const FASTTEXT_VERSION = 12;

/** Bytes of the arguments: twelve 32-bit integers and a double. */
export const ARGUMENT_BYTES = 12 * 4 + 8;

/** The number that a file has for each model, and each loss. */
export const MODEL_NUMBERS: Readonly<Record<FastTextArguments["model"], number>> = {
  cbow: 1,
  skipgram: 2,
  supervised: 3,
};
export const LOSS_NUMBERS: Readonly<Record<FastTextArguments["loss"], number>> = {
  "hierarchical-softmax": 1,
  "negative-sampling": 2,
  softmax: 3,
  "one-vs-all": 4,
};

/** What follows each word of the dictionary. */
export const WORD_TYPE = 0;
export const LABEL_TYPE = 1;
