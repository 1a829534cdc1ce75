import type { EditSubject } from "./edit-subject.ts";
import type { ModelAdditions, NewPiece } from "./new-entries.ts";
import { pieceForm } from "./piece-form.ts";

/** WordPiece and WordLevel look for the longest entry: it is enough that a piece is one. */
export function entryAdditions({ notation }: EditSubject, pieces: readonly NewPiece[]): ModelAdditions {
  return { entries: pieces.map(({ text }) => ({ piece: pieceForm(text, notation), text })), merges: [] };
}
