import type { Matrix, Vocabulary } from "@revocab/core";
import type { WordVectors } from "@revocab/word-vectors";

/**
 * [V × d] the vectors of tokens, written as the tokenizer's file writes them; zeros where there is none. A byte token has
 * one only where it is among the words itself: the n-grams of "<0x41>" are those of a notation, the same for all.
 */
export function tokenRows(vocabulary: Vocabulary, vectors: WordVectors): Matrix {
  const { dimension } = vectors;
  const data = new Float32Array(vocabulary.size * dimension);
  for (let id = 0; id < vocabulary.size; id++) {
    const [kind, token] = [vocabulary.kindOf(id), vocabulary.tokenOf(id)];
    const isKnown = kind === "text" || (kind === "byte" && vectors.indexOf(token) !== undefined);
    const vector = isKnown ? vectors.vectorOf(token) : undefined;
    if (vector !== undefined) data.set(vector, id * dimension);
  }
  return { rows: vocabulary.size, columns: dimension, data };
}
