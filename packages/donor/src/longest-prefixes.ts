import type { InitContext, TokenId } from "@revocab/core";

/** The longest source token that each token begins with, for tokens that have one that is not of spaces alone. */
export function longestPrefixes(
  { source, target }: InitContext,
  tokens: readonly TokenId[],
): ReadonlyMap<TokenId, TokenId> {
  const found = new Map<TokenId, TokenId>();
  for (const token of tokens.filter((id) => target.vocabulary.kindOf(id) === "text")) {
    const bytes = target.vocabulary.bytesOf(token);
    for (let end = bytes.length - 1; end > 0; end--) {
      if (isWithinCharacter(bytes[end])) continue;
      const prefix = bytes.subarray(0, end);
      if (prefix.every((byte) => byte === SPACE)) break;
      const id = source.vocabulary.idsOf(prefix).at(0);
      if (id === undefined) continue;
      found.set(token, id);
      break;
    }
  }
  return found;
}

const SPACE = 0x20;

/** Whether a byte continues a character of UTF-8. */
function isWithinCharacter(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
