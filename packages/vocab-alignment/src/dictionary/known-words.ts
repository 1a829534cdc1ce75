/** The words a resource knows, such as word vectors or the words of a corpus, by their places in it. */
export interface KnownWords {
  /** Undefined for a word it does not know. */
  indexOf(word: string): number | undefined;
}
