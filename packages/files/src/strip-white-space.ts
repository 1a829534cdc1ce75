/**
 * A text without white space around it: what Python's `str.strip` takes away, for the reference figures are computed
 * there. JavaScript's `trim` differs in U+001C … U+001F, U+0085 and U+FEFF.
 */
export function stripWhiteSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhiteSpace(text[start])) start++;
  while (end > start && isWhiteSpace(text[end - 1])) end--;
  return text.slice(start, end);
}

/** All are single UTF-16 units; Unicode leaves out the four separators of ASCII. */
function isWhiteSpace(unit: string): boolean {
  return /^\p{White_Space}$/u.test(unit) || (unit >= "\u001C" && unit <= "\u001F");
}
