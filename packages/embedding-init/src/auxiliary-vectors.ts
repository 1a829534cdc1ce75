import { type InitContext, type Matrix, RevocabError, type Vocabulary } from "@revocab/core";
import { type FastTextModel, ngramBuckets, trainWordVectors, vectorsOfModel } from "@revocab/word-vectors";
import { tokensOfLines } from "./tokens-of-lines.ts";

export interface AuxiliaryTraining {
  /** A UTF-8 file of target text, a document or sentence on each line. */
  readonly text: string;
  readonly dimension: number;
  readonly epochs: number;
  readonly minCount: number;
}

/**
 * Trains vectors of the target's tokens on text written with its tokenizer, as FOCUS does: cbow, n-grams of 3 to 6
 * characters of the token's string, 10 negatives. → [V_t × dimension], zeros for a token of which nothing was learned.
 *
 * On one thread, so that the same text and seed give the same bytes.
 */
export async function auxiliaryVectors(
  { target, seed, abortSignal, onProgress }: InitContext,
  { text, dimension, epochs, minCount }: AuxiliaryTraining,
): Promise<Matrix> {
  const { vocabulary, encode } = target;
  if (encode === undefined) {
    throw new RevocabError(
      "bad_options",
      "training on text needs the target's tokenizer, not its vocabulary alone",
      {
        hint: "give the method vectors that are trained already, or the tokenizer's encode",
      },
    );
  }
  const model = await trainWordVectors({
    documents: tokensOfLines(text, { vocabulary, encode }),
    model: "cbow",
    dimension,
    epochs,
    minCount,
    minN: 3,
    maxN: 6,
    buckets: BUCKETS,
    negatives: 10,
    threads: 1,
    seed,
    ...(abortSignal && { abortSignal }),
    ...(onProgress && {
      // notes become part of a swap's report, which must not say how fast this machine trained
      onProgress: (event) => event.type !== "note" && onProgress(event),
    }),
  });
  return tokenMatrix(model, vocabulary);
}

/** Enough for the n-grams of a vocabulary; each costs 4 · dimension bytes. */
const BUCKETS = 500_000;

/**
 * A token that the text has often enough has the vector of its word. Any other has the mean of those of its n-grams that
 * some such word has too: the rows of the others are still as they were drawn, and say nothing. A rarer byte token has no
 * vector: the n-grams of "<0x41>" are those of a notation, the same for all.
 */
function tokenMatrix(model: FastTextModel, vocabulary: Vocabulary): Matrix {
  const vectors = vectorsOfModel(model);
  const { dimension } = vectors;
  const { words } = model.dictionary;
  const learned = new Set(words.flatMap((word) => ngramHashes(word, model)));
  const data = new Float32Array(vocabulary.size * dimension);
  for (let id = 0; id < vocabulary.size; id++) {
    const kind = vocabulary.kindOf(id);
    if (kind !== "text" && kind !== "byte") continue;
    const word = vocabulary.tokenOf(id);
    const row = data.subarray(id * dimension, (id + 1) * dimension);
    if (vectors.indexOf(word) !== undefined) row.set(vectors.vectorOf(word) as Float32Array);
    else if (kind === "text") {
      const known = ngramHashes(word, model).filter((hash) => learned.has(hash));
      for (const hash of known) {
        const start = (words.length + (hash % model.arguments.buckets)) * dimension;
        for (let j = 0; j < dimension; j++) row[j] += model.input[start + j] / known.length;
      }
    }
  }
  return { rows: vocabulary.size, columns: dimension, data };
}

/** Before they are cut to a bucket: strange n-grams often share a bucket with a learned one, but hardly ever all 32 bits. */
function ngramHashes(word: string, { arguments: { minN, maxN } }: FastTextModel): number[] {
  return ngramBuckets(word, { minN, maxN, buckets: 2 ** 32 });
}
