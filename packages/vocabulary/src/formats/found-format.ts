/** A tokenizer that was read from other files, as the files of a model folder. */
export interface FoundFormat {
  readonly tokenizerJson: string;
  readonly tokenizerConfig: Readonly<Record<string, unknown>>;
  /** What a user should know of the reading, in sentences for people. */
  readonly differences: readonly string[];
  /** The names of the files that now stand in tokenizer.json. */
  readonly reads: readonly string[];
}

/** What helps where a vocabulary cannot be read without its class. */
export const SAVE_AGAIN =
  "give a folder with tokenizer.json: AutoTokenizer.from_pretrained(folder).save_pretrained(folder) in Python writes it";
