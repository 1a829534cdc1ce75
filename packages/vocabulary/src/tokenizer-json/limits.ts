/** Ids are read from files and sized for: 2^22 is 16 times the largest vocabulary published. */
export const MAX_TOKENS = 2 ** 22;

/** The largest tokenizer file read: the largest published is 34 MB. */
export const MAX_FILE_BYTES = 2 ** 29;
