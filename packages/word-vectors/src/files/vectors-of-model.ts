import type { WordVectors } from "../word-vectors.ts";
import type { FastTextModel } from "./fasttext-model.ts";
import { makeWordVectors } from "./make-word-vectors.ts";
import type { ReadVectorsOptions } from "./read-vectors-options.ts";
import { RowBlocks } from "./row-blocks.ts";

/** The word vectors of a model in memory; its rows are not copied. */
export function vectorsOfModel(
  { arguments: trained, dictionary, input }: FastTextModel,
  { onlyLearnedNgrams = false }: Pick<ReadVectorsOptions, "onlyLearnedNgrams"> = {},
): WordVectors {
  const { minN, maxN, buckets, dimension } = trained;
  return makeWordVectors({
    words: dictionary.words,
    counts: dictionary.counts,
    rows: RowBlocks.over(input, dimension),
    ngrams:
      maxN === 0
        ? undefined
        : {
            ...{ minN, maxN, buckets, rawWords: new Map(), endOfLineHasNgrams: false },
            onlyLearned: onlyLearnedNgrams,
          },
  });
}
