import { type Job, type ProgressListener, RevocabError, showText } from "@revocab/core";
import type { ByteReader } from "./byte-reader.ts";

export interface ReadVectorsOptions {
  /**
   * Keep only the first words, which are the most frequent. Without n-grams, only their rows are read; with n-grams,
   * a word beyond them is still known by its n-grams.
   * @default Infinity
   */
  readonly maxWords?: number;
  /**
   * Compute a word that is not in the file from those of its n-grams alone that some kept word has; a word without any has no
   * vector. fastText takes all n-grams: every word has a vector, but the rows of n-grams that no word has are still the random
   * ones drawn before training.
   * @default false
   */
  readonly onlyLearnedNgrams?: boolean;
  readonly job?: Job;
}

/** @throws RevocabError `bad_options` */
export function checkMaxWords(maxWords: number): void {
  if (maxWords === Number.POSITIVE_INFINITY || (Number.isInteger(maxWords) && maxWords > 0)) return;
  throw new RevocabError(
    "bad_options",
    `maxWords is ${maxWords}; a whole number of words above 0 is expected`,
  );
}

export function fileWithoutWords(path: string): RevocabError {
  return new RevocabError("bad_vectors", `${showText(path)} has no words`, {
    hint: "copy or download the file again, and give one that has words with their vectors",
  });
}

/** Reports how many bytes of a file of vectors are read. */
export function reportBytes(reader: ByteReader, onProgress: ProgressListener | undefined): void {
  const { position: done, size: total } = reader;
  onProgress?.({ type: "progress", step: "read vectors", done, total, unit: "bytes" });
}
