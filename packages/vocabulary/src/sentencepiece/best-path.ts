/**
 * The pieces of the best path through a text, of equal ones the one whose last piece is the longest: Viterbi as both
 * programs run it.
 * @param round what the program makes of every sum: SentencePiece adds in 32-bit floats, the tokenizers library in 64
 */
export function bestPath(
  text: string,
  {
    scoreOf,
    longest,
    round,
  }: {
    readonly scoreOf: ReadonlyMap<string, number>;
    readonly longest: number;
    readonly round: (sum: number) => number;
  },
): string[] {
  const characters = Array.from(text);
  const best = new Float64Array(characters.length + 1).fill(Number.NEGATIVE_INFINITY);
  const startOf = new Int32Array(characters.length + 1).fill(-1);
  best[0] = 0;
  for (let start = 0; start < characters.length; start++) {
    if (best[start] === Number.NEGATIVE_INFINITY) continue;
    let piece = "";
    for (let end = start + 1; end <= characters.length && end - start <= longest; end++) {
      piece += characters[end - 1]!;
      const score = scoreOf.get(piece);
      if (score === undefined) continue;
      const sum = round(best[start]! + score);
      if (startOf[end] !== -1 && sum <= best[end]!) continue;
      best[end] = sum;
      startOf[end] = start;
    }
  }
  const path: string[] = [];
  for (let end = characters.length; end > 0 && startOf[end]! >= 0; end = startOf[end]!) {
    path.unshift(characters.slice(startOf[end], end).join(""));
  }
  return path;
}
