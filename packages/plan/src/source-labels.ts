import type { Vocabulary } from "@revocab/core";
import { displayToken } from "@revocab/vocabulary";

/** How explanations write a source row: the token, a padding row, or one of the extra basis rows. */
export function sourceLabeller(vocabulary: Vocabulary, rows: number): (id: number) => string {
  return (id) => {
    if (id >= rows) return `(basis row ${id - rows})`;
    return id < vocabulary.size ? displayToken(vocabulary, id) : `(padding row ${id})`;
  };
}
