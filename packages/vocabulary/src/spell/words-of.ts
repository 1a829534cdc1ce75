import type { Notation } from "../notation.ts";

interface Word {
  readonly start: number;
  readonly end: number;
  /** The first character has no continuing prefix. */
  readonly startsWord: boolean;
  /** The last character has the end suffix. */
  readonly endsWord: boolean;
}

/**
 * The runs of bytes in which a BPE model with marks for the edges of words merges; the whole for one without.
 * A mark stands for a space, so a space that is next to no word cannot be spelled: `undefined`.
 */
export function wordsOf(bytes: Uint8Array, { startsWithSpace, endSuffix }: Notation): Word[] | undefined {
  if (!startsWithSpace && endSuffix === "") {
    return [{ start: 0, end: bytes.length, startsWord: true, endsWord: false }];
  }
  const words: Word[] = [];
  for (let start = 0; start < bytes.length; ) {
    const startsWord = startsWithSpace && bytes[start] === SPACE;
    if (startsWord) start++;
    let end = start;
    while (end < bytes.length && bytes[end] !== SPACE) end++;
    if (end === start) return undefined;
    const endsWord = endSuffix !== "" && end < bytes.length;
    words.push({ start, end, startsWord: startsWord || endSuffix !== "", endsWord });
    start = endsWord ? end + 1 : end;
  }
  return words;
}

const SPACE = 0x20;
