import type { TokenId } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";

/**
 * Encodes texts by longest prefixes: each word of the pre-tokenizer is cut into the longest token that it begins with, the longest
 * that the rest begins with, and so on. Control tokens stay as the tokenizer finds them.
 *
 * With `straw`, `strawb` and `berry`, `strawberry` is `strawb` and what its rest begins with; merges would have given `straw` and `berry`.
 */
export function longestPrefixEncoder({
  vocabulary,
  encodeWords,
}: Pick<Tokenizer, "vocabulary" | "encodeWords">): (text: string) => Promise<Uint32Array> {
  let longest = 0;
  for (let id = 0; id < vocabulary.size; id++) {
    if (isText(id)) longest = Math.max(longest, vocabulary.bytesOf(id).length);
  }

  function isText(id: TokenId): boolean {
    return /^(text|byte)$/.test(vocabulary.kindOf(id));
  }

  /** The tokens of a word's bytes; undefined where a rest begins with no token. */
  function cover(bytes: Uint8Array): TokenId[] | undefined {
    const ids: TokenId[] = [];
    for (let at = 0; at < bytes.length; ) {
      let end = Math.min(bytes.length, at + longest);
      while (end > at && vocabulary.idsOf(bytes.subarray(at, end)).length === 0) end--;
      if (end === at) return undefined;
      ids.push(vocabulary.idsOf(bytes.subarray(at, end))[0]);
      at = end;
    }
    return ids;
  }

  function* coverWord(word: Uint32Array): Generator<TokenId> {
    for (let start = 0; start < word.length; ) {
      let end = start;
      while (end < word.length && isText(word[end])) end++;
      if (end === start) {
        yield word[start++];
        continue;
      }
      const run = word.subarray(start, end);
      const bytes = Buffer.concat(Array.from(run, (id) => vocabulary.bytesOf(id)));
      yield* cover(bytes) ?? run;
      start = end;
    }
  }

  return async (text) => {
    const words = await encodeWords(text);
    return Uint32Array.from(words.flatMap((word) => [...coverWord(word)]));
  };
}
