import { caseVariants } from "./case-variants.ts";
import type { KnownWords } from "./known-words.ts";

/** The places of the case variants of a word that are known, one for each variant. */
export function knownForms(known: KnownWords, word: string): number[] {
  return caseVariants(word).flatMap((variant) => known.indexOf(variant) ?? []);
}
