import type { EditSubject } from "./edit-subject.ts";
import type { ModelAdditions, ModelEntry, NewPiece } from "./new-entries.ts";
import { pieceForm } from "./piece-form.ts";

/**
 * Scores for whole pieces. A Unigram writes a text with the pieces whose scores have the greatest sum, so a piece is used
 * when its score is above the sum of the best other spelling: it gets that sum and {@link MARGIN}, or the lowest score there
 * is, if that is more. Lower than the lowest would change what a character costs that is no piece, and so old text.
 * The shortest come first, as they may be parts of longer ones.
 */
export function unigramAdditions(
  { json, notation }: EditSubject,
  pieces: readonly NewPiece[],
): ModelAdditions {
  const { model } = json;
  if (model.type !== "Unigram") throw new TypeError("only a Unigram has scores");
  const scores = new Map<string, number>();
  let lowest = Number.POSITIVE_INFINITY;
  let longest = 0;
  const learn = (piece: string, score: number) => {
    scores.set(piece, score);
    longest = Math.max(longest, piece.length);
  };
  for (let id = 0; id < model.scores.length; id++) {
    learn(json.pieces.at(id)!, model.scores[id]);
    lowest = Math.min(lowest, model.scores[id]);
  }
  const unknown = lowest - UNKNOWN_PENALTY;

  const bestSum = (piece: string): number => {
    const best = new Float64Array(piece.length + 1).fill(Number.NEGATIVE_INFINITY);
    best[0] = 0;
    for (let start = 0; start < piece.length; start++) {
      const code = piece.codePointAt(start)!;
      const step = code > 0xffff ? 2 : 1;
      const isInside = start > 0 && code >= 0xdc00 && code < 0xe000;
      if (isInside) continue;
      for (let end = start + 1; end <= Math.min(piece.length, start + longest); end++) {
        const score = scores.get(piece.slice(start, end)) ?? (end === start + step ? unknown : undefined);
        if (score !== undefined) best[end] = Math.max(best[end], best[start] + score);
      }
    }
    return best[piece.length];
  };

  const scored = new Map<string, ModelEntry>();
  for (const { text, score } of [...pieces].sort((a, b) => a.text.length - b.text.length)) {
    const piece = pieceForm(text, notation);
    const given = score ?? Math.max(lowest, bestSum(piece) + MARGIN);
    learn(piece, given);
    scored.set(text, { piece, score: given, text });
  }
  return { entries: pieces.map(({ text }) => scored.get(text)!), merges: [] };
}

/** What the tokenizers library takes off the lowest score for a character that is no piece. */
const UNKNOWN_PENALTY = 10;

/** More than sums of some hundred scores are rounded by, and less than any two scores of a training are apart. */
const MARGIN = 0.001;
