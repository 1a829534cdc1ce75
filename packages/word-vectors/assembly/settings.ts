/**
 * What one thread trains, set once by its owner before the first call. Each instance of the module has its own values, so
 * threads share nothing but the memory.
 */

/** Bytes from one row of a matrix to the next, a multiple of 16; what is beyond d is 0 and stays so. */
export let rowBytes: u32 = 0;
/** [(words + buckets) × d] f32 */
export let input: u32 = 0;
/** [words × d] f32 */
export let output: u32 = 0;

/** [words + 1] u32: the rows of word w are subwordRows[subwordStarts[w] … subwordStarts[w + 1]). */
export let subwordStarts: u32 = 0;
/** u32 rows of `input`: the word's own, then those of its n-grams. */
export let subwordRows: u32 = 0;
/** [words] f32: by how much the mean of a word's rows moves when each place in its list adds 1 to its row. */
export let hiddenGains: u32 = 0;

/** [words] u32: a token stays in its line when a random u32 is at most this. */
export let keepThresholds: u32 = 0;
/** [words] of (u32 threshold, u32 alias). */
export let negativeTable: u32 = 0;
/** [513] f32 of the sigmoid between -8 and 8. */
export let sigmoidTable: u32 = 0;
/** [513] f32 of the logarithm between 0 and 1. */
export let logarithmTable: u32 = 0;

export let words: u32 = 0;
export let windowSize: u32 = 0;
export let negatives: u32 = 0;
/** The id of the word that ends a line, or a number that is no id. */
export let lineEnd: u32 = 0;
/** 1 predicts the word from its neighbors (cbow), 0 the neighbors from the word (skip-gram). */
export let predictsCenter: u32 = 0;

export let learningRate: f64 = 0;
/** Tokens of one thread between two updates of the count that all threads share. */
export let updateInterval: u32 = 0;
export let epochs: u32 = 0;
/** Tokens of all epochs. */
export let tokensToTrain: f64 = 0;
/** u64: tokens that all threads have trained. */
export let sharedTokenCount: u32 = 0;

/** [epochs] of (f64 sum of losses, f64 number of examples), only this thread's. */
export let losses: u32 = 0;
/** [1,026] u32 for the words of a line, only this thread's. */
export let line: u32 = 0;
/** [3 × d] f32 for sums, only this thread's. */
export let scratch: u32 = 0;
