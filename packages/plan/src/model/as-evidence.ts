import type { EncodeText } from "@revocab/core";
import { type Tokenizer, writableEncoder } from "@revocab/vocabulary";

/**
 * How a tokenizer writes texts that methods learn from: without what it cannot write, which is no evidence of any token.
 * @param onRefused is told how many characters were left out of a text
 */
export function asEvidence(tokenizer: Tokenizer, onRefused?: (characters: number) => void): EncodeText {
  const encode = writableEncoder(tokenizer);
  return async (text) => {
    const { ids, refused } = await encode(text);
    if (refused.length > 0) onRefused?.(refused.reduce((sum, stretch) => sum + [...stretch].length, 0));
    return ids;
  };
}
