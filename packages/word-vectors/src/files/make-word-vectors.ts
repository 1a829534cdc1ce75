import type { WordVectors } from "../word-vectors.ts";
import type { FastTextModel } from "./fasttext-model.ts";
import { learnedNgrams, ngramHashes } from "./ngrams.ts";
import type { ReadVectorsOptions } from "./read-vectors-options.ts";
import { RowBlocks } from "./row-blocks.ts";

/** fastText's mark of a line's end. */
const END_OF_LINE = "</s>";

export interface WordVectorParts {
  /** No word twice, unless two differ only in bytes that are not UTF-8: then the first has the name. */
  readonly words: readonly string[];
  readonly counts: Float64Array | undefined;
  /** [words + buckets × d] rows of the words, then of the buckets, if there are any. */
  readonly rows: RowBlocks;
  readonly ngrams: NgramParts | undefined;
}

export interface NgramParts {
  readonly minN: number;
  readonly maxN: number;
  readonly buckets: number;
  /** The bytes of those words that are not UTF-8, by index: their n-grams are those of these bytes. */
  readonly rawWords: ReadonlyMap<number, Uint8Array>;
  /** The first fastText, whose files have no version, gave `</s>` n-grams too. */
  readonly endOfLineHasNgrams: boolean;
  /** Compute words that are not in `words` from those n-grams alone that some word has. */
  readonly onlyLearned: boolean;
}

/** Word vectors over rows in memory: a word is the mean of its own row and of the rows of its n-grams. */
export function makeWordVectors({ words, counts, rows, ngrams }: WordVectorParts): WordVectors {
  const dimension = rows.columns;
  const indices = new Map<string, number>();
  let isLearned: ((hash: number) => boolean) | undefined;
  for (const [index, word] of words.entries()) if (!indices.has(word)) indices.set(word, index);

  return {
    dimension,
    words,
    counts,
    hasSubwords: ngrams !== undefined,
    indexOf: (word) => indices.get(word),
    vectorOf(word) {
      const index = indices.get(word);
      const found = index === undefined ? rowsOfUnknown(word) : rowsOfWord(index);
      if (found.length === 0) return undefined;
      const vector = new Float32Array(dimension);
      writeMean(vector, 0, found);
      return vector;
    },
    rows(start, count) {
      if (!(start >= 0 && count >= 0 && start + count <= words.length)) {
        throw new RangeError(`rows ${start} to ${start + count} asked of ${words.length}`);
      }
      const data = new Float32Array(count * dimension);
      for (let i = 0; i < count; i++) writeMean(data, i * dimension, rowsOfWord(start + i));
      return { rows: count, columns: dimension, data };
    },
  };

  function rowsOfWord(index: number): number[] {
    const word = words[index] as string;
    return [index, ...hashesOf(word, spellingOf(index)).map(rowOfHash)];
  }

  function rowsOfUnknown(word: string): number[] {
    const hashes = hashesOf(word, word);
    if (!ngrams?.onlyLearned) return hashes.map(rowOfHash);
    isLearned ??= learnedNgrams(
      words.map((_, index) => spellingOf(index)).filter((_, index) => hasNgrams(words[index] as string)),
      ngrams,
    );
    return hashes.filter(isLearned).map(rowOfHash);
  }

  function hashesOf(word: string, spelling: string | Uint8Array): number[] {
    return ngrams !== undefined && hasNgrams(word) ? ngramHashes(spelling, ngrams) : [];
  }

  function rowOfHash(hash: number): number {
    return words.length + (hash % (ngrams as NgramParts).buckets);
  }

  function spellingOf(index: number): string | Uint8Array {
    return ngrams?.rawWords.get(index) ?? (words[index] as string);
  }

  function hasNgrams(word: string): boolean {
    return word !== END_OF_LINE || ngrams?.endOfLineHasNgrams === true;
  }

  function writeMean(into: Float32Array, offset: number, found: readonly number[]): void {
    for (const row of found) rows.addTo(into, offset, row);
    if (found.length === 1) return;
    const share = Math.fround(1 / found.length);
    for (let i = 0; i < dimension; i++) into[offset + i] = (into[offset + i] as number) * share;
  }
}

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
