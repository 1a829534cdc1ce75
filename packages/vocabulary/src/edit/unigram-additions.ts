import type { EditSubject } from "./edit-subject.ts";
import type { ModelAdditions, ModelEntry } from "./new-entries.ts";
import { scoreTable } from "./score-table.ts";

/**
 * Scores for whole pieces. A Unigram writes a text with the pieces whose scores have the greatest sum, so a piece is used
 * when its score is above the sum of the best other spelling: it gets that sum and {@link MARGIN}, or the lowest score there
 * is, if that is more. Lower than the lowest would change what a character costs that is no piece, and so old text.
 * The shortest come first, as they may be parts of longer ones.
 */
export function unigramAdditions(
  { json }: EditSubject,
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

/** More than sums of some hundred scores are rounded by, and less than any two scores of a training are apart. */
const MARGIN = 0.001;
