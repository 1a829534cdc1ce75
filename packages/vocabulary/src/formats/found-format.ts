/** A tokenizer that was read from other files, as the files of a model folder. */
export interface FoundFormat {
  readonly tokenizerJson: string;
  readonly tokenizerConfig: Readonly<Record<string, unknown>>;
  /** What a user should know of the reading, in sentences for people. */
  readonly differences: readonly string[];
  /** The names of the files that now stand in tokenizer.json. */
  readonly reads: readonly string[];
}
