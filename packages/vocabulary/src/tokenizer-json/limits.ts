/** Ids are read from files and sized for: 2^22 is 16 times the largest vocabulary published. */
export const MAX_TOKENS = 2 ** 22;

/**
 * The longest piece of a Unigram model, in bytes: training stops at 16 characters unless told otherwise. The library keeps
 * pieces in a trie that it takes down by recursion, and overflows its stack at some 150,000.
 */
export const MAX_PIECE_BYTES = 2 ** 14;

/** The largest tokenizer file read: the largest published is 34 MB. */
export const MAX_FILE_BYTES = 2 ** 29;
