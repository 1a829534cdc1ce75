import type { TokenizerJson } from "../tokenizer-json/tokenizer-json.ts";

/** The scores of a Unigram, to which more can be added, and the best spelling of a text by them. */
export interface ScoreTable {
  /** The lowest score of the tokenizer's own pieces. */
  readonly lowest: number;
  set(piece: string, score: number): void;
  /** The pieces, as the file writes them, whose scores have the greatest sum; a character without a piece is one, too. */
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

/** What the tokenizers library takes off the lowest score for a character that is no piece. */
const UNKNOWN_PENALTY = 10;
