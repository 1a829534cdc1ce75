import { type ProgressListener, RevocabError } from "@revocab/core";

export interface ReadVectorsOptions {
  /**
   * Keep only the first words, which are the most frequent. Without n-grams, only their rows are read; with n-grams,
   * a word beyond them is still known by its n-grams.
   * @default Infinity
   */
  readonly maxWords?: number;
  readonly abortSignal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

/** @throws RevocabError `bad_options` */
export function checkMaxWords(maxWords: number): void {
  if (maxWords === Number.POSITIVE_INFINITY || (Number.isInteger(maxWords) && maxWords > 0)) return;
  throw new RevocabError(
    "bad_options",
    `maxWords is ${maxWords}; a whole number of words above 0 is expected`,
  );
}
