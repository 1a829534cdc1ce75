import { RevocabError } from "@revocab/core";
import { type DocumentByteScore, readDocument } from "./read-document.ts";
import { type ByteReadingOptions, readingContext } from "./reading-context.ts";

export interface ByteLevelScoreOptions extends ByteReadingOptions {
  /** Scored each for itself. */
  readonly documents: readonly string[];
  /** Tokens in a window, at least 2. @default 512, or the model's own if that is less */
  readonly context?: number;
  /**
   * Whether to give the probability of every byte, not the sum alone. The sum takes a pass or two of the model for each
   * document, as the token score does; every byte takes about a pass for every second byte.
   * @default false
   */
  readonly perByte?: boolean;
}

export interface ByteLevelScore {
  /** Σ −log2 P(byte | bytes before) ÷ all bytes of the documents. */
  readonly bitsPerByte: number;
  /** Σ −log2 p of the tokenizer's own tokens ÷ all bytes: the score of `bitsPerByte`, never below the one above. */
  readonly tokenBitsPerByte: number;
  readonly bytes: number;
  /** Of the model's probability where the tokenizer's own tokens are, the mean share on tokens it would not write there. */
  readonly invalidMass: number;
  readonly documents: readonly DocumentByteScore[];
  /** Sequences the model was run on. */
  readonly passes: number;
}

/**
 * How well a model of tokens predicts the bytes of texts: the same sum over sequences of tokens as
 * {@link byteDistributions}, for all prefixes of a text in one walk. Unlike the score of tokens it does not count a
 * text as less probable for what the model gives to other ways to write it.
 *
 * The windows are those of the token score (each starts with the last token of the one before), so that the tokenizer's
 * own tokens have the same probability in both; as they are one of the sequences of the sum, the bits are never more.
 * @throws RevocabError `bad_text`, `bad_options`, `shape_mismatch`, `unsupported_tokenizer`, `not_finite`, `aborted`
 */
export async function byteLevelScore({
  documents,
  model,
  context = Math.min(model.contextLength, DEFAULT_CONTEXT),
  perByte = false,
  abortSignal,
  ...options
}: ByteLevelScoreOptions): Promise<ByteLevelScore> {
  if (!Number.isInteger(context) || context < 2 || context > model.contextLength) {
    throw new RevocabError(
      "bad_options",
      `the context is ${context} tokens, expected between 2 and the model's ${model.contextLength}`,
    );
  }
  const shared = await readingContext({
    ...options,
    model,
    ...(abortSignal === undefined ? {} : { abortSignal }),
  });
  const scores: DocumentByteScore[] = [];
  let passes = 0;
  let bytes = 0;
  let removed = 0;
  let steps = 0;
  for (const document of documents) {
    const read = await readDocument(shared, document, { model, context, perByte, abortSignal });
    scores.push(read.score);
    passes += read.passes;
    bytes += Buffer.byteLength(document);
    removed += read.removed;
    steps += read.steps;
  }
  const total = (of: (score: DocumentByteScore) => number) =>
    scores.reduce((sum, score) => sum + of(score), 0);
  if (steps === 0) {
    throw new RevocabError(
      "bad_text",
      `found ${documents.length} documents with no byte to predict, expected some`,
      {
        hint: "give a longer text",
      },
    );
  }
  return {
    bitsPerByte: total(({ bits }) => bits) / bytes,
    tokenBitsPerByte: total(({ tokenBits }) => tokenBits) / bytes,
    bytes,
    invalidMass: removed / steps,
    documents: scores,
    passes,
  };
}

const DEFAULT_CONTEXT = 512;
