import type { FastTextArguments } from "./fasttext-model.ts";

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
