/** How a tokenizer file writes the bytes its tokens stand for. */
export interface Notation {
  /** Every character is a byte in GPT-2's alphabet. */
  readonly isByteLevel: boolean;
  /** The character that stands for a space (`▁`), if one does. */
  readonly spaceMark: string | undefined;
  /** `<0x0A>` is the byte 0x0A. */
  readonly hasByteTokens: boolean;
  /** What a piece inside a word begins with (`##`); "" for none. */
  readonly continuingPrefix: string;
  /** What the last piece of a word ends with (`</w>`), standing for a space after it; "" for none. */
  readonly endSuffix: string;
  /** A piece without the continuing prefix stands for a space and its characters. */
  readonly startsWithSpace: boolean;
}
