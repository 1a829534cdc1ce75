/** The parts of a tokenizer.json that depend on the algorithm. */
export interface ConvertedModel {
  readonly model: object;
  readonly preTokenizer: object | null;
  readonly differences: readonly string[];
}

/**
 * Texts that reveal ties: each piece, each followed by another piece, and each overlapping in one character with a piece that
 * begins with its last one (there the position decides). If there are many, an evenly spaced sample.
 */
export function tiedTexts(tied: readonly string[]): string[] {
  const pieces = tied.filter((text) => text.length <= LONGEST);
  const beginning = new Map<string, string[]>();
  for (const piece of pieces) {
    const first = Array.from(piece)[0]!;
    const list = beginning.get(first);
    if (list === undefined) beginning.set(first, [piece]);
    else list.push(piece);
  }
  const step = Math.ceil((3 * pieces.length) / MAX_TRIED);
  return pieces.flatMap((piece, index) => {
    if (index % step !== 0) return [];
    const last = Array.from(piece).at(-1)!;
    const followers = beginning.get(last) ?? [];
    const follower = followers[index % Math.max(followers.length, 1)];
    return [
      piece,
      piece + pieces[(index + 1) % pieces.length]!,
      ...(follower === undefined ? [] : [piece + follower.slice(last.length)]),
    ];
  });
}

/** More would take longer than the rest of the conversion. */
const MAX_TRIED = 6_000;

/** Merging a text takes quadratic time; SentencePiece trains pieces of at most 16 characters by default. */
const LONGEST = 32;
