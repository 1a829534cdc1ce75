import type { Tokenizer } from "@revocab/vocabulary";
import { mergeApplier } from "./apply-merges.ts";
import { dynamicVocabulary } from "./dynamic-vocabulary.ts";
import type { DynamicMerges } from "./merge-batch.ts";
import { type Boundaries, segmentText } from "./segments.ts";

/** A tokenizer that writes texts in the merged tokens of a batch: what scores and methods need of one. */
export type DynamicTokenizer = Pick<
  Tokenizer,
  "vocabulary" | "family" | "origin" | "encode" | "normalize" | "frame"
>;

/** A model's tokenizer with merges after it. @param boundaries those that the merges were learned with */
export function dynamicTokenizer(
  tokenizer: Tokenizer,
  merges: DynamicMerges,
  boundaries: Boundaries,
): DynamicTokenizer {
  const { family, origin, frame } = tokenizer;
  const apply = mergeApplier(merges);
  return {
    vocabulary: dynamicVocabulary(tokenizer.vocabulary, merges),
    family,
    origin,
    frame,
    encode: async (text) => apply(await segmentText(tokenizer, text, boundaries)),
    normalize: (text) => tokenizer.normalize(text),
  };
}
