import { type NgramLengths, ngramHashes } from "./ngram-hashes.ts";

/** The buckets of a word's character n-grams, in fastText's order and with its repeats; see {@link ngramHashes}. */
export function ngramBuckets(
  word: string | Uint8Array,
  { buckets, ...lengths }: NgramLengths & { readonly buckets: number },
): number[] {
  return ngramHashes(word, lengths).map((hash) => hash % buckets);
}
