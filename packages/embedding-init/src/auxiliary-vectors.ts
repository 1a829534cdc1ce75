import {
  type EncodeText,
  type InitContext,
  type Matrix,
  mapAhead,
  RevocabError,
  type Vocabulary,
} from "@revocab/core";
import { linesOfText } from "@revocab/files";
import { tokenRows } from "./token-vectors.ts";

export interface AuxiliaryTraining {
  /** A UTF-8 file of target text, a document or sentence on each line. */
  readonly text: string;
  readonly dimension: number;
  readonly epochs: number;
  readonly minCount: number;
}

/**
 * Trains vectors of the target's tokens on text written with its tokenizer, as FOCUS does: cbow, n-grams of 3 to 6
 * characters of the token's string, 10 negatives. → [V_t × dimension], zeros for a token without a vector.
 *
 * On one thread, so that the same text and seed give the same bytes.
 */
export async function auxiliaryVectors(
  { target, seed, job }: InitContext,
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
  const { trainWordVectors, vectorsOfModel } = await import("@revocab/word-vectors");
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
    job: {
      ...job,
      threads: 1,
      // notes become part of a report, which must not depend on how fast this machine trained
      onProgress: (event) => event.type !== "note" && job?.onProgress?.(event),
    },
    seed,
  });
  return tokenRows(vocabulary, vectorsOfModel(model, { onlyLearnedNgrams: true }));
}

/** Enough for the n-grams of a vocabulary; each bucket takes 4 · dimension bytes. */
const BUCKETS = 500_000;

/**
 * The lines of a UTF-8 file as tokens, written as the tokenizer's file writes them: what vectors of tokens are trained on.
 * Empty lines are left out.
 * @throws RevocabError `missing_file`; `bad_text` when the file is not UTF-8
 */
export async function* tokensOfLines(
  path: string,
  { vocabulary, encode }: { readonly vocabulary: Vocabulary; readonly encode: EncodeText },
): AsyncIterable<readonly string[]> {
  for await (const [line, ids] of mapAhead(linesOfText(path), encode)) {
    if (line.trim() !== "") yield Array.from(ids, (id) => vocabulary.tokenOf(id));
  }
}
