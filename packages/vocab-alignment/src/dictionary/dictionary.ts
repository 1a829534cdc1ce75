/** A word and one translation of it; either may be several words. */
export interface WordPair {
  readonly source: string;
  readonly target: string;
}

export interface Dictionary {
  readonly path: string;
  /** In the order of the file, each once. */
  readonly pairs: readonly WordPair[];
  /** Lines left out because the same pair stood in an earlier one. */
  readonly duplicates: number;
}
