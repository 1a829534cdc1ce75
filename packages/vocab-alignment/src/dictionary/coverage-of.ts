import type { Dictionary } from "./dictionary.ts";
import { knownForms } from "./known-forms.ts";
import type { KnownWords } from "./known-words.ts";

export interface Coverage {
  /** All pairs of the dictionary. */
  readonly pairs: number;
  /** Pairs whose source word the source side knows, in any of its case variants. */
  readonly sourceKnown: number;
  /** Pairs whose target word the target side knows, likewise. */
  readonly targetKnown: number;
  /** Pairs of which both are known: the evidence that the dictionary is. */
  readonly bothKnown: number;
}

/** How many pairs of a dictionary each side knows; of word vectors, a word that has one from its n-grams alone is not known. */
export function coverageOf(
  { pairs }: Pick<Dictionary, "pairs">,
  source: KnownWords,
  target: KnownWords,
): Coverage {
  let sourceKnown = 0;
  let targetKnown = 0;
  let bothKnown = 0;
  for (const pair of pairs) {
    const isSource = knownForms(source, pair.source).length > 0;
    const isTarget = knownForms(target, pair.target).length > 0;
    if (isSource) sourceKnown++;
    if (isTarget) targetKnown++;
    if (isSource && isTarget) bothKnown++;
  }
  return { pairs: pairs.length, sourceKnown, targetKnown, bothKnown };
}
