import type { EditSubject } from "./edit-subject.ts";
import type { ModelAdditions, ModelEntry, NewPiece } from "./new-entries.ts";
import { pieceForm } from "./piece-form.ts";
import { scoreTable } from "./score-table.ts";

/**
 * Scores for whole pieces. A Unigram writes a text with the pieces whose scores have the greatest sum, so a piece is used
 * when its score is above the sum of the best other spelling: it gets that sum and {@link MARGIN}, or the lowest score there
 * is, if that is more. Lower than the lowest would change what a character costs that is no piece, and so old text.
 * The shortest come first, as they may be parts of longer ones.
 */
export function unigramAdditions(
  { json, notation }: EditSubject,
  pieces: readonly (NewPiece & { readonly atLeast?: number })[],
): ModelAdditions {
  const table = scoreTable(json);
  const scored = new Map<string, ModelEntry>();
  for (const { text, score, atLeast = table.lowest } of [...pieces].sort(
    (a, b) => a.text.length - b.text.length,
  )) {
    const piece = pieceForm(text, notation);
    const given = score ?? Math.max(table.lowest, atLeast, table.best(piece).sum + MARGIN);
    table.set(piece, given);
    scored.set(text, { piece, score: given, text });
  }
  return { entries: pieces.map(({ text }) => scored.get(text)!), merges: [] };
}

/** More than sums of some hundred scores are rounded by, and less than any two scores of a training are apart. */
const MARGIN = 0.001;
