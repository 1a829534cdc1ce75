/** What the first line of word2vec's and fastText's formats says. */
export interface TextHeader {
  readonly words: number;
  /** d */
  readonly dimension: number;
}

/** Reads "words d", or says undefined where the line is something else: GloVe's files begin with their first word. */
export function parseTextHeader(line: Uint8Array): TextHeader | undefined {
  const text = new TextDecoder("latin1").decode(line.subarray(0, 64));
  const found = /^(\d{1,15})[ \t]+(\d{1,9})[ \t\r]*$/.exec(text);
  if (found === null || line.length > 64) return undefined;
  const [words, dimension] = [Number(found[1]), Number(found[2])];
  return dimension > 0 ? { words, dimension } : undefined;
}
