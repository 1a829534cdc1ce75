import { tiedTexts } from "./conversion.ts";
import type { Piece } from "./model-proto.ts";
import { type Merge, orderTies, type Place, type TieContext } from "./order-ties.ts";

interface ListedMerges {
  /** Best first. */
  readonly merges: readonly Merge[];
  readonly ties: Ties | undefined;
}

/** Pieces with equal scores: SentencePiece joins the leftmost of them, but a list of merges has a fixed order. */
export interface Ties {
  /** The number of pieces that share their score with another. */
  readonly pieces: number;
  /** Whether the list gives the same result as the program for every text. */
  readonly isExact: boolean;
  /** The number of texts made of such pieces on which both were tried, and of those with different results. */
  readonly tried: number;
  readonly differing: number;
  /** The first of these, with both results. */
  readonly example:
    | { readonly text: string; readonly program: string[]; readonly listed: string[] }
    | undefined;
}

/**
 * The merges of a SentencePiece BPE, which stores none: it joins the two neighbours that together are the piece with the highest
 * score; ties go to the leftmost. So every split of a piece into two pieces is a merge, ranked by the score.
 */
export function listMerges(pieces: readonly Piece[]): ListedMerges {
  const scoreOf = scoresOf(pieces);
  const tiers = new Map<number, string[]>();
  for (const [text, score] of scoreOf) {
    if (Array.from(text).length === 1) continue;
    const tier = tiers.get(score);
    if (tier === undefined) tiers.set(score, [text]);
    else tier.push(text);
  }
  const byScore = [...tiers].sort(([one], [other]) => other - one).map(([, texts]) => texts);
  const mergesOf = (texts: readonly string[]) =>
    texts.flatMap((text) => cuts(text).filter(([left, right]) => scoreOf.has(left) && scoreOf.has(right)));
  const tied = byScore.filter((texts) => texts.length > 1).flat();
  if (tied.length === 0) return { merges: byScore.flatMap(mergesOf), ties: undefined };

  const isLarge = [...scoreOf.keys()].reduce((sum, text) => sum + text.length ** 2, 0) > MOST_WORK;
  let context: TieContext | undefined;
  let isExact = true;
  const merges = byScore.flatMap((texts): readonly Merge[] => {
    const plain = mergesOf(texts);
    if (texts.length === 1 || plain.length < 2) return plain;
    if (isLarge || plain.length > MOST_ORDERED || texts.some((text) => text.length > LONGEST_ORDERED)) {
      isExact = false;
      return plain;
    }
    context ??= tieContext(scoreOf, tied);
    const ordered = orderTies(plain, context);
    isExact &&= ordered.isExact;
    return ordered.merges;
  });
  return { merges, ties: { pieces: tied.length, isExact, ...compare(tied, merges, scoreOf) } };
}

/**
 * The merges as in the reference library: every split of a piece into two pieces of any kind, ordered by the id of the whole
 * instead of its score, then by the length of the left part. `ties` are pieces whose scores do not fall with their ids; for
 * these the program merges in another order.
 */
export function listMergesById(pieces: readonly Piece[]): ListedMerges {
  const idOf = new Map(pieces.map(({ text }, id) => [text, id]));
  const length = (text: string) => Array.from(text).length;
  const merges = [...idOf.keys()].flatMap((text) =>
    cuts(text)
      .filter(([left, right]) => idOf.has(left) && idOf.has(right))
      .sort(([one], [other]) => length(one) - length(other)),
  );
  const scoreOf = scoresOf(pieces);
  let lowest = Number.POSITIVE_INFINITY;
  let raised = 0;
  const texts: string[] = [];
  for (const [text, score] of scoreOf) {
    if (length(text) === 1) continue;
    texts.push(text);
    if (score >= lowest) raised++;
    lowest = Math.min(lowest, score);
  }
  if (raised === 0) return { merges, ties: undefined };
  return { merges, ties: { pieces: raised, isExact: false, ...compare(texts, merges, scoreOf) } };
}

function scoresOf(pieces: readonly Piece[]): Map<string, number> {
  return new Map(pieces.filter(({ type }) => type === "normal").map(({ text, score }) => [text, score]));
}

/**
 * Every split between two code points, longest left part first: in a run of one character the odd one then remains at the end.
 */
function cuts(text: string): Merge[] {
  const found: Merge[] = [];
  for (let at = text.length - 1; at > 0; at--) {
    const isInsidePair = (text.charCodeAt(at) & 0xfc00) === 0xdc00;
    if (!isInsidePair) found.push([text.slice(0, at), text.slice(at)]);
  }
  return found;
}

/** With more, cyclic constraints are all but certain; 360,000 take a minute and a gigabyte. */
const MOST_ORDERED = 20_000;

/** Substrings of pieces to look up: a vocabulary of 256,000 pieces has about 20 million. */
const MOST_WORK = 100_000_000;

/** The work grows with its fourth power; SentencePiece trains pieces of at most 16 characters by default. */
const LONGEST_ORDERED = 64;

function tieContext(scoreOf: ReadonlyMap<string, number>, tied: readonly string[]): TieContext {
  const placesOf = new Map<string, Place[]>(tied.map((text) => [text, []]));
  for (const whole of scoreOf.keys()) {
    if (whole.length > LONGEST_ORDERED) continue;
    for (let at = 0; at < whole.length; at++) {
      for (let to = at + 2; to <= whole.length; to++) {
        if (to - at < whole.length) placesOf.get(whole.slice(at, to))?.push({ whole, at });
      }
    }
  }
  return { scoreOf, placesOf };
}

/** Compares the list with the program on texts made of the pieces. */
function compare(
  pieces: readonly string[],
  merges: readonly Merge[],
  scoreOf: ReadonlyMap<string, number>,
): Pick<Ties, "tried" | "differing" | "example"> {
  const rankOf = new Map<string, Map<string, number>>();
  for (const [rank, [left, right]] of merges.entries()) {
    const ranks = rankOf.get(left);
    if (ranks === undefined) rankOf.set(left, new Map([[right, rank]]));
    else ranks.set(right, rank);
  }
  const program = (left: string, right: string) => {
    const score = scoreOf.get(left + right);
    return score === undefined ? undefined : -score;
  };
  const listed = (left: string, right: string) => rankOf.get(left)?.get(right);
  const texts = tiedTexts(pieces);
  let differing = 0;
  let example: Ties["example"];
  for (const text of texts) {
    const ours = mergeLeftmost(text, listed);
    const theirs = mergeLeftmost(text, program);
    if (ours.length === theirs.length && ours.every((symbol, index) => symbol === theirs[index])) continue;
    differing++;
    example ??= { text, program: theirs, listed: ours };
  }
  return { tried: texts.length, differing, example };
}

/**
 * Merges a text: always the two neighbours with the lowest cost; ties go to the leftmost. With the negative score of the
 * merged piece as cost this is the SentencePiece program, with the rank of the pair the tokenizers library.
 */
function mergeLeftmost(text: string, costOf: (left: string, right: string) => number | undefined): string[] {
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
