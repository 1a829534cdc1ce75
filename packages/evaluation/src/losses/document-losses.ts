import type { ScoreQuery } from "@revocab/core";

/** What each token of a document cost. */
export interface DocumentLosses {
  /** [tokens] without those before the document. */
  readonly ids: Uint32Array;
  /** [tokens] −log2 P of each; NaN where nothing predicted it: the first one without a BOS, and what a sample left out. */
  readonly bits: Float64Array;
}

/** A token of a text. */
export interface TextPlace {
  /** Index of a document. */
  readonly document: number;
  /** Index of a token in it. */
  readonly position: number;
}

/** What was asked of a model about a text. */
export interface AskedText {
  /** The tokens of each document, without those before and after it. */
  readonly documents: readonly Uint32Array[];
  readonly queries: readonly ScoreQuery[];
  /** For each query where its first target stands; the others follow it. */
  readonly places: readonly TextPlace[];
}

/** The answers of a model, token by token of each document. */
export function documentLosses(
  { documents, queries, places }: AskedText,
  logarithms: readonly Float32Array[],
): DocumentLosses[] {
  const losses = documents.map((ids) => ({ ids, bits: new Float64Array(ids.length).fill(Number.NaN) }));
  for (const query of queries.keys()) {
    const { document, position } = places[query];
    const { bits } = losses[document];
    for (const [i, logarithm] of logarithms[query].entries()) bits[position + i] = -logarithm / Math.LN2;
  }
  return losses;
}
