import { type TokenId, throwIfAborted, type Vocabulary } from "@revocab/core";

/** Which tokens vocabularies share. Tokens are compared by the bytes they stand for, each once; specials do not count. */
export interface VocabularyOverlap {
  /** Tokens that all of them have. */
  readonly core: number;
  /** [n] */
  readonly each: readonly {
    readonly tokens: number;
    /** Tokens that none of the others has. */
    readonly singletons: number;
    /** [n] how many of them each other one has; its own count at its own place. */
    readonly shared: readonly number[];
  }[];
}

/**
 * Counts the tokens that vocabularies share (Qtok's core tokens), and those that only one has.
 * @throws RevocabError aborted
 */
export function compareVocabularies(
  vocabularies: readonly Vocabulary[],
  abortSignal?: AbortSignal,
): VocabularyOverlap {
  let core = 0;
  const each = vocabularies.map((vocabulary, place) => {
    const shared = vocabularies.map(() => 0);
    let singletons = 0;
    for (let id = 0; id < vocabulary.size; id++) {
      if (id % IDS_BETWEEN_CHECKS === 0) throwIfAborted(abortSignal);
      if (!isFirstOfItsBytes(vocabulary, id)) continue;
      const bytes = vocabulary.bytesOf(id);
      let having = 0;
      for (const [other, { idsOf }] of vocabularies.entries()) {
        if (other !== place && idsOf(bytes).length === 0) continue;
        shared[other]++;
        having++;
      }
      if (having === 1) singletons++;
      if (place === 0 && having === vocabularies.length) core++;
    }
    return { tokens: shared[place], singletons, shared };
  });
  return { core, each };
}

/** Specials and holes are in no list of ids by bytes. */
function isFirstOfItsBytes(vocabulary: Vocabulary, id: TokenId): boolean {
  return vocabulary.idsOf(vocabulary.bytesOf(id))[0] === id;
}

const IDS_BETWEEN_CHECKS = 1 << 14;
