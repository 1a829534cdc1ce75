/**
 * Merges a text: of all neighbours that may be joined those of the lowest cost, the leftmost at a tie. With the negative
 * score of the whole as cost this is the SentencePiece program, with the rank of the pair the tokenizers library.
 */
export function mergeLeftmost(
  text: string,
  costOf: (left: string, right: string) => number | undefined,
): string[] {
  const symbols = Array.from(text);
  for (;;) {
    let best = -1;
    let lowest = Number.POSITIVE_INFINITY;
    for (let at = 0; at + 1 < symbols.length; at++) {
      const cost = costOf(symbols[at]!, symbols[at + 1]!);
      if (cost === undefined || cost >= lowest) continue;
      best = at;
      lowest = cost;
    }
    if (best < 0) return symbols;
    symbols.splice(best, 2, symbols[best]! + symbols[best + 1]!);
  }
}
