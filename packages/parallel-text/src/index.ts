export { readLines } from "./read-lines.ts";
export type { ParallelLines, ParallelPaths } from "./read-parallel-lines.ts";
export { readParallelLines } from "./read-parallel-lines.ts";
export { splitPathPair } from "./split-path-pair.ts";
export type { LineWord, WordCut } from "./words-of-line.ts";
export { WORD_CUTS, wordsOfLine } from "./words-of-line.ts";
