import { type TokenizerJson, type TokenizerParts, UNKNOWN_PENALTY } from "@revocab/vocabulary/internal";
import type { CorpusWords } from "./corpus.ts";
import type { LearnedJoins } from "./learn-joins.ts";
import type { ModelAdditions, ModelEntry } from "./new-entries.ts";

/**
 * Scores for new pieces. A Unigram spells a text by the pieces with the greatest sum of scores, so a piece is used if its
 * score is above the sum of the best other spelling. It gets that sum plus {@link MARGIN}, but at least the lowest score of
 * the vocabulary: a lower one would change the cost of an unknown character, and with it the encoding of old text.
 * The shortest pieces are scored first, as longer ones may be spelled with them.
 */
export function unigramAdditions(
  { json }: TokenizerParts,
  pieces: readonly (ModelEntry & { readonly atLeast?: number })[],
): ModelAdditions {
  const table = scoreTable(json);
  const scored = new Map<string, number>();
  for (const { piece, score, atLeast = table.lowest } of [...pieces].sort(
    (a, b) => a.piece.length - b.piece.length,
  )) {
    const given = score ?? Math.max(table.lowest, atLeast, table.best(piece).sum + MARGIN);
    table.set(piece, given);
    scored.set(piece, given);
  }
  return {
    entries: pieces.map(({ atLeast: _, ...entry }) => ({ ...entry, score: scored.get(entry.piece)! })),
    merges: [],
  };
}

/** Larger than the rounding error of a sum of some hundred scores, smaller than the distance of two trained scores. */
const MARGIN = 0.001;

/**
 * Scores for learned pieces of a Unigram, by two rounds of hard EM: spell every word in the best way, count the pieces used,
 * score them by their counts. After the first round the `count` most used pieces stay. A score is the logarithm of a piece's
 * share of all tokens, or just above its best other spelling if that is more; otherwise it would never be used.
 */
export function scoreLearned(
  parts: TokenizerParts,
  { words, tokens }: CorpusWords,
  candidates: LearnedJoins["pieces"],
  count: number,
): ModelAdditions {
  const { json, tokenizer } = parts;
  const texts = words.map(({ ids, count: times }) => ({
    text: Array.from(ids, (id) => tokenizer.vocabulary.tokenOf(id)).join(""),
    times,
  }));
  const recount = (pieces: LearnedJoins["pieces"]): LearnedJoins["pieces"] => {
    const table = scoreTable(json);
    for (const { piece, count: times } of pieces) table.set(piece, Math.log(times / tokens));
    const used = new Map(pieces.map(({ piece }) => [piece, 0]));
    for (const { text, times } of texts) {
      for (const piece of table.best(text).pieces) {
        const before = used.get(piece);
        if (before !== undefined) used.set(piece, before + times);
      }
    }
    return pieces.map(({ piece }) => ({ piece, count: used.get(piece)! })).filter((piece) => piece.count > 0);
  };
  const kept = [...recount(candidates)].sort((a, b) => b.count - a.count).slice(0, count);
  const usedOf = new Map(recount(kept).map(({ piece, count: times }) => [piece, times]));
  return unigramAdditions(
    parts,
    kept.map(({ piece, count: times }) => ({
      piece,
      atLeast: Math.log((usedOf.get(piece) ?? times) / tokens),
    })),
  );
}

/** The scores of a Unigram, to which others can be added, and the best spelling of a text by them. */
interface ScoreTable {
  /** The lowest score of the tokenizer's own pieces. */
  readonly lowest: number;
  set(piece: string, score: number): void;
  /** The pieces, as the file writes them, with the greatest sum of scores; a character without a piece counts as one. */
  best(text: string): { readonly sum: number; readonly pieces: readonly string[] };
}

export function scoreTable({ model, pieces }: TokenizerJson): ScoreTable {
  if (model.type !== "Unigram") throw new TypeError("only a Unigram has scores");
  const scores = new Map<string, number>();
  let longest = 0;
  const set = (piece: string, score: number): void => {
    scores.set(piece, score);
    longest = Math.max(longest, piece.length);
  };
  let lowest = Number.POSITIVE_INFINITY;
  for (let id = 0; id < model.scores.length; id++) {
    set(pieces.at(id)!, model.scores[id]);
    lowest = Math.min(lowest, model.scores[id]);
  }
  const unknown = lowest - UNKNOWN_PENALTY;
  return {
    lowest,
    set,
    best(text) {
      const sums = new Float64Array(text.length + 1).fill(Number.NEGATIVE_INFINITY);
      const from = new Uint32Array(text.length + 1);
      sums[0] = 0;
      for (let start = 0; start < text.length; start++) {
        // The second half of a surrogate pair begins no piece.
        if (sums[start] === Number.NEGATIVE_INFINITY) continue;
        const step = text.codePointAt(start)! > 0xffff ? 2 : 1;
        for (let end = start + 1; end <= Math.min(text.length, start + longest); end++) {
          const score = scores.get(text.slice(start, end)) ?? (end === start + step ? unknown : undefined);
          if (score === undefined || sums[start] + score <= sums[end]) continue;
          sums[end] = sums[start] + score;
          from[end] = start;
        }
      }
      const found: string[] = [];
      for (let end = text.length; end > 0; end = from[end]) found.push(text.slice(from[end], end));
      return { sum: sums[text.length], pieces: found.reverse() };
    },
  };
}
