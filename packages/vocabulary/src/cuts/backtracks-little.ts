/** A pattern taken apart as far as counts go: escapes and classes are single characters. */
const PARTS =
  /\\(?:[pP]\{[^}]*\}|.)|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:i:|[:=!]))?|\)|\||(?:[*+?]|\{\d+(?:,\d*)?\})|./gsu;

/** Published patterns have some hundreds of characters. */
const LONGEST = 5_000;

/**
 * Whether a pattern of alternatives is one that a search gives up soon where it does not fit, as those of published
 * tokenizers are: no group is repeated without end, nor at all where something in it is, and an alternative repeats at most
 * two things without end. Others take exponential time, or a high power of a word's length.
 */
export function backtracksLittle(pattern: string): boolean {
  if (pattern.length > LONGEST) return false;
  const groups: { hasCount: boolean }[] = [];
  let endless = 0;
  let closed: { hasCount: boolean } | undefined;
  for (const [part] of pattern.matchAll(PARTS)) {
    const isCount = /^(?:[*+?]|\{\d)/.test(part);
    if (isCount) {
      const isEndless = /^[*+]|,\}$/.test(part);
      if (closed !== undefined && (isEndless || closed.hasCount)) return false;
      if (isEndless && ++endless > 2) return false;
      for (const group of groups) group.hasCount = true;
    }
    closed = undefined;
    if (part.startsWith("(")) groups.push({ hasCount: false });
    else if (part === ")") closed = groups.pop();
    else if (part === "|" && groups.length === 0) endless = 0;
  }
  return true;
}
