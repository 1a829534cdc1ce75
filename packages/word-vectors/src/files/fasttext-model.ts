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

/** An unsupervised fastText model in memory: what training makes and `writeFastText` writes. */
export interface FastTextModel {
  readonly arguments: FastTextArguments;
  readonly dictionary: FastTextDictionary;
  /** [(words + buckets) × d] rows of the words, then of the buckets of n-grams. */
  readonly input: Float32Array;
  /** [words × d] rows of the words as context. */
  readonly output: Float32Array;
}
