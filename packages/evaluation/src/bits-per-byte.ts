import { type Job, type LanguageModel, RevocabError, type ScoreQuery } from "@revocab/core";
import {
  type BeginChoice,
  beginTokensOf,
  checkIds,
  encodeDocuments,
  type LostCharacters,
  type TextTokenizer,
} from "./encode-documents.ts";
import {
  askModel,
  bitsOf,
  checkContext,
  joinTokens,
  type ModelShape,
  type TextScoring,
} from "./text-scoring.ts";

export interface BitsPerByteOptions {
  /** A causal model. */
  readonly model: LanguageModel;
  readonly tokenizer: TextTokenizer;
  /** Each is scored on its own: no context crosses from one document into the next. */
  readonly documents: readonly string[];
  /** Tokens in a window, at least 2. @default 512, or the model's own if that is less */
  readonly context?: number;
  /** Tokens between the starts of two windows; a smaller stride gives tokens more context and takes longer. @default context − 1 */
  readonly stride?: number;
  /** Whether a BOS stands before each document, as context. @default "auto": if the tokenizer adds one */
  readonly bos?: BeginChoice;
  readonly job?: Job;
}

/** Plain data, fit for JSON. */
export interface BitsPerByte {
  readonly kind: "bits-per-byte";
  /** Σ −log2 p of the scored tokens ÷ bytes of the documents. */
  readonly bitsPerByte: number;
  /** The same sum ÷ scored tokens; not comparable between tokenizers. */
  readonly bitsPerToken: number;
  readonly bytesPerToken: number;
  readonly documents: number;
  /** UTF-8 bytes of the documents. */
  readonly bytes: number;
  /** Tokens of the documents, without BOS. */
  readonly tokens: number;
  /** Tokens that were predicted: all `tokens`, except the first of each document that has no BOS before it. */
  readonly scoredTokens: number;
  /** The tokens before each document, as the tokenizer file writes them; null if there are none. */
  readonly bos: string | null;
  readonly unknownTokens: LostCharacters;
  /** Characters the tokenizer drops, or turns into white space, without an unknown token. */
  readonly droppedCharacters: LostCharacters;
  readonly windows: number;
  readonly context: number;
  readonly stride: number;
  /** Time in the model, without tokenization. */
  readonly seconds: number;
  /** Scored tokens per second. */
  readonly tokensPerSecond: number;
  /** What a user should know of the score, in plain words. */
  readonly notes: readonly string[];
}

/**
 * How well a causal model predicts a text, in bits per byte. It does not depend on how the text is cut into tokens, so a
 * model can be compared with itself after its tokenizer was swapped.
 *
 * Each document is encoded whole, with the special tokens that the model and the tokenizer put before a text. Neighboring windows of
 * `context` tokens share one token. So every token is predicted exactly once, except those that stand before the text, or without
 * them the first token of the text. The bytes of that first token count all the same. The figures are those of `tools/oracle/bits_per_byte.py`.
 * @throws RevocabError `bad_options`, `context_too_long`, `bad_text`, `shape_mismatch`, `not_finite`, `aborted`
 */
export async function bitsPerByte(options: BitsPerByteOptions): Promise<BitsPerByte> {
  return (await askModel(await prepareBitsPerByte(options), options.model, options.job)).score;
}

/** {@link bitsPerByte} before the model is asked. */
export async function prepareBitsPerByte({
  model,
  tokenizer,
  documents,
  context = Math.min(model.contextLength, DEFAULT_CONTEXT),
  stride = context - 1,
  bos = "auto",
  job,
}: Omit<BitsPerByteOptions, "model"> & { readonly model: ModelShape }): Promise<TextScoring<BitsPerByte>> {
  checkOptions(model, context, stride);
  const begin = beginTokensOf(model, tokenizer, bos);
  checkIds(begin, tokenizer, model);
  const encoded = await encodeDocuments({ documents, tokenizer, model, job });
  const windows = encoded.ids.flatMap((ids, document) =>
    planWindows(begin.length + ids.length, context, stride, begin.length).map((window) => ({
      ...window,
      document,
    })),
  );
  const scoredTokens = windows.reduce((sum, { end, firstTarget }) => sum + end - firstTarget, 0);
  if (scoredTokens === 0) {
    throw new RevocabError(
      "bad_text",
      `found ${encoded.tokens} tokens in ${documents.length} documents and no BOS before them, so there is no token to predict`,
      { hint: "give a longer text" },
    );
  }
  const sequences = begin.length === 0 ? encoded.ids : encoded.ids.map((ids) => joinTokens(begin, ids));
  const queries = windows.map((window) => queryOf(window, sequences[window.document]));
  const places = windows.map(({ document, firstTarget }) => ({
    document,
    position: firstTarget - begin.length,
  }));
  return {
    queries,
    places,
    documents: encoded.ids,
    scoreOf(logarithms, seconds) {
      const bits = bitsOf(queries, logarithms, places);
      return {
        kind: "bits-per-byte",
        bitsPerByte: bits / encoded.bytes,
        bitsPerToken: bits / scoredTokens,
        bytesPerToken: encoded.bytes / encoded.tokens,
        documents: documents.length,
        bytes: encoded.bytes,
        tokens: encoded.tokens,
        scoredTokens,
        bos: begin.length === 0 ? null : begin.map((id) => tokenizer.vocabulary.tokenOf(id)).join(""),
        unknownTokens: encoded.unknownTokens,
        droppedCharacters: encoded.droppedCharacters,
        windows: windows.length,
        context,
        stride,
        seconds,
        tokensPerSecond: scoredTokens / seconds,
        notes: [...encoded.notes, ...unpredictedNotes(encoded.tokens, scoredTokens)],
      };
    },
  };
}

/** The cost of attention grows with its square: 131,072 positions would take hours and show no more than 512. */
const DEFAULT_CONTEXT = 512;

function checkOptions(model: ModelShape, context: number, stride: number): void {
  if (model.kind !== "causal") {
    throw new RevocabError(
      "bad_options",
      "the model predicts masked tokens, expected one that predicts the next",
      {
        hint: "use pseudoLikelihood, or evaluateText, which takes the one that fits",
      },
    );
  }
  checkContext(context, 2, model);
  if (!Number.isInteger(stride) || stride < 1 || stride > context - 1) {
    throw new RevocabError(
      "bad_options",
      `the stride is ${stride} tokens, expected between 1 and ${context - 1}, the context less one`,
    );
  }
}

/** The model does not read the last token of a window: no later token is predicted from it. */
function queryOf({ start, end, firstTarget }: Window, sequence: Uint32Array): ScoreQuery {
  return {
    tokens: sequence.subarray(start, end - 1),
    positions: Uint32Array.from({ length: end - firstTarget }, (_, index) => firstTarget - 1 - start + index),
    targets: sequence.subarray(firstTarget, end),
  };
}

/** In many short documents without a BOS much of the text is not predicted, which makes the score look good. */
function unpredictedNotes(tokens: number, scoredTokens: number): string[] {
  const share = (tokens - scoredTokens) / tokens;
  if (share <= 0.01) return [];
  return [
    `${tokens - scoredTokens} of ${tokens} tokens (${(100 * share).toFixed(1)} %) are the first of a document with no BOS before it: nothing predicts them, so the score is better than the truth`,
  ];
}

/** A part of a document that is scored in one pass; indices into the document's tokens. */
export interface Window {
  readonly start: number;
  /** One past the last token. */
  readonly end: number;
  /** The first token that is predicted; those before it are context. At least `start` + 1. */
  readonly firstTarget: number;
}

/**
 * The windows of a document, of at most `context` tokens, each starting `stride` tokens after the one before. Every token but
 * the first, and those that `given` says, is predicted exactly once, from at least `context` − `stride` tokens where the document has them.
 *
 *     planWindows(6, 3, 2)  →  [0 1 2] [2 3 4] [4 5]     each window starts with the last token of the one before
 *     planWindows(5, 3, 1)  →  [0 1 2] [1 2 3] [2 3 4]   after the first window only the last token is new
 *
 * @param length tokens of the document
 * @param context at least 2
 * @param stride between 1 and `context` − 1
 * @param given tokens at the start that are context alone @default 0
 */
export function planWindows(length: number, context: number, stride: number, given = 0): Window[] {
  const windows: Window[] = [];
  let firstTarget = Math.max(1, given);
  for (let start = 0; firstTarget < length; start += stride) {
    const end = Math.min(start + context, length);
    if (end <= firstTarget) continue; // nothing but what is given
    windows.push({ start, end, firstTarget });
    firstTarget = end;
  }
  return windows;
}
