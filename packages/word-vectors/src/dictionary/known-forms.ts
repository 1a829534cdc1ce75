import type { WordVectors } from "../word-vectors.ts";
import { caseVariants } from "./case-variants.ts";

/** The places in `vectors.words` of the case variants of a word that stand there, one for each variant. */
export function knownForms(vectors: WordVectors, word: string): number[] {
  return caseVariants(word).flatMap((variant) => vectors.indexOf(variant) ?? []);
}
