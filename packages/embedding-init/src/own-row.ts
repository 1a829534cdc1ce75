import type { EmbeddingTable, InitContext, TokenId } from "@revocab/core";
import { extendsVocabulary } from "@revocab/vocab-alignment";

/**
 * For a target id that no token has: the source row of the same number, where that is a hole or padding too and the
 * target vocabulary extends the source's. Between unrelated vocabularies equal row numbers say nothing.
 */
export function ownRowOf(
  { source, target, alignment }: InitContext,
  { matrix }: EmbeddingTable,
): (id: TokenId) => TokenId | undefined {
  const { vocabulary } = source;
  const { extendsSource = extendsVocabulary(vocabulary, target.vocabulary) } = alignment;
  if (!extendsSource) return () => undefined;
  return (id) => {
    const isUnused = id >= vocabulary.size || vocabulary.kindOf(id) === "unused";
    return isUnused && id < matrix.rows ? id : undefined;
  };
}
