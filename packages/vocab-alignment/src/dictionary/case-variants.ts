/**
 * A word as it is, in lower case and in title case; the same string can stand there twice.
 * WECHSEL pairs each of the source with each of the target, so that a pair counts as often as its forms agree.
 */
export function caseVariants(word: string): readonly [string, string, string] {
  const lower = word.toLowerCase();
  return [word, lower, lower.replace(/\p{L}+/gu, titled)];
}

function titled(letters: string): string {
  const [first] = letters;
  return first.toUpperCase() + letters.slice(first.length);
}
