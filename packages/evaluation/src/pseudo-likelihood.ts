import { type Job, type LanguageModel, RevocabError, type ScoreQuery, type TokenId } from "@revocab/core";
import { randomStream } from "@revocab/matrix";
import { frameTokens } from "@revocab/vocabulary";
import { checkIds, encodeDocuments, type LostCharacters, type TextTokenizer } from "./encode-documents.ts";
import type { TextPlace } from "./losses/document-losses.ts";
import {
  askModel,
  bitsOf,
  checkContext,
  joinTokens,
  type ModelShape,
  type TextScoring,
} from "./text-scoring.ts";

export interface PseudoLikelihoodOptions {
  /** A masked model. */
  readonly model: LanguageModel;
  readonly tokenizer: TextTokenizer;
  readonly documents: readonly string[];
  /** Tokens in a window, including the special tokens around the text. @default 512, or the model's own if that is less */
  readonly context?: number;
  /** Tokens that are masked, one at a time; all of them if the text has fewer. @default 2000 */
  readonly samples?: number;
  /** Decides which tokens are masked. @default 0 */
  readonly seed?: number;
  readonly job?: Job;
}

/** Plain data, fit for JSON. It is not a probability of the text: never compare it with a causal model's bits per byte. */
export interface PseudoLikelihood {
  readonly kind: "pseudo-likelihood";
  /** Mean of −log2 p of a masked token given all others. */
  readonly pseudoBitsPerToken: number;
  /** The estimate for the whole text: `pseudoBitsPerToken` × tokens ÷ bytes; exact if all tokens are sampled. */
  readonly pseudoBitsPerByte: number;
  /** Bits of the sampled tokens ÷ the bytes they stand for; white space that belongs to no token does not count. */
  readonly pseudoBitsPerSampledByte: number;
  readonly bytesPerToken: number;
  readonly documents: number;
  readonly bytes: number;
  readonly tokens: number;
  readonly sampledTokens: number;
  readonly sampledBytes: number;
  readonly seed: number;
  readonly unknownTokens: LostCharacters;
  readonly droppedCharacters: LostCharacters;
  readonly context: number;
  /** Time in the model, tokenization not included. */
  readonly seconds: number;
  /** Masked tokens per second. */
  readonly tokensPerSecond: number;
  readonly notes: readonly string[];
}

/**
 * How well a masked model fills in a text (pseudo-log-likelihood). A seeded sample of tokens is masked, one at a time, and
 * the model predicts the token that was there. Each sampled token stands in the middle of a window of its document, between
 * the special tokens that the tokenizer adds.
 * @see https://arxiv.org/abs/1910.14659
 * @throws RevocabError `bad_options`, `context_too_long`, `bad_text`, `unsupported_tokenizer` without a mask token, `shape_mismatch`,
 * `not_finite`, `aborted`
 */
export async function pseudoLikelihood(options: PseudoLikelihoodOptions): Promise<PseudoLikelihood> {
  return (await askModel(await preparePseudoLikelihood(options), options.model, options.job)).score;
}

/** {@link pseudoLikelihood} before the model is asked. */
export async function preparePseudoLikelihood({
  model,
  tokenizer,
  documents,
  context = Math.min(model.contextLength, DEFAULT_CONTEXT),
  samples = 2000,
  seed = 0,
  job,
}: Omit<PseudoLikelihoodOptions, "model"> & { readonly model: ModelShape }): Promise<
  TextScoring<PseudoLikelihood>
> {
  const { before, after, mask } = frameOf(tokenizer);
  checkIds([...before, mask, ...after], tokenizer, model);
  const room = context - before.length - after.length;
  checkOptions(model, context, room, samples);
  const encoded = await encodeDocuments({ documents, tokenizer, model, job });
  const lengths = encoded.ids.map((ids) => ids.length);
  const items = samplePositions(lengths, samples, seed);
  if (items.length === 0) {
    throw new RevocabError("bad_text", `the tokenizer makes no tokens of the ${documents.length} documents`);
  }
  const queries = items.map(({ document, position }): ScoreQuery => {
    const text = encoded.ids[document];
    const start = Math.max(0, Math.min(position - Math.floor(room / 2), text.length - room));
    const tokens = joinTokens(before, text.subarray(start, start + room), after);
    const at = before.length + position - start;
    tokens[at] = mask;
    return { tokens, positions: Uint32Array.of(at), targets: Uint32Array.of(text[position]) };
  });
  return {
    queries,
    places: items,
    documents: encoded.ids,
    scoreOf(logarithms, seconds) {
      const bits = bitsOf(queries, logarithms, items);
      const sampledBytes = items.reduce(
        (sum, { document, position }) =>
          sum + tokenizer.vocabulary.bytesOf(encoded.ids[document][position]).length,
        0,
      );
      return {
        kind: "pseudo-likelihood",
        pseudoBitsPerToken: bits / items.length,
        pseudoBitsPerByte: ((bits / items.length) * encoded.tokens) / encoded.bytes,
        pseudoBitsPerSampledByte: bits / sampledBytes,
        bytesPerToken: encoded.bytes / encoded.tokens,
        documents: documents.length,
        bytes: encoded.bytes,
        tokens: encoded.tokens,
        sampledTokens: items.length,
        sampledBytes,
        seed,
        unknownTokens: encoded.unknownTokens,
        droppedCharacters: encoded.droppedCharacters,
        context,
        seconds,
        tokensPerSecond: items.length / seconds,
        notes: encoded.notes,
      };
    },
  };
}

/** Each sample is a forward pass over a window, so the time grows with the window. */
const DEFAULT_CONTEXT = 512;

function checkOptions(model: ModelShape, context: number, room: number, samples: number): void {
  if (model.kind !== "masked") {
    throw new RevocabError(
      "bad_options",
      "the model predicts the next token, expected one that fills in masked tokens",
      {
        hint: "use bitsPerByte, or evaluateText, which takes the one that fits",
      },
    );
  }
  checkContext(context, context - room + 1, model);
  if (!Number.isInteger(samples) || samples < 1) {
    throw new RevocabError("bad_options", `the sample is ${samples} tokens, expected at least 1`);
  }
}

/** The special tokens a masked model was trained with. */
interface Frame {
  readonly before: readonly TokenId[];
  readonly after: readonly TokenId[];
  readonly mask: TokenId;
}

/**
 * The special tokens before and after a text: those of the tokenizer's post-processor. If its post-processor is of an unknown
 * kind, [CLS] and [SEP], else BOS and EOS, as far as the tokenizer has them.
 * @throws RevocabError `unsupported_tokenizer` without a mask token
 */
function frameOf({ vocabulary, origin, frame }: TextTokenizer): Frame {
  const mask = vocabulary.idOfRole("mask");
  if (mask === undefined) {
    throw new RevocabError(
      "unsupported_tokenizer",
      `${origin}: found no mask token, expected one for a masked model`,
      {
        hint: 'name it in tokenizer_config.json: "mask_token": "[MASK]"',
      },
    );
  }
  if (frame !== undefined) return { ...frameTokens(frame), mask };
  const first = vocabulary.idOfRole("cls") ?? vocabulary.idOfRole("bos");
  const last = vocabulary.idOfRole("sep") ?? vocabulary.idOfRole("eos");
  return {
    before: first === undefined ? [] : [first],
    after: last === undefined ? [] : [last],
    mask,
  };
}

/**
 * A sample of the tokens of documents, in the order of the text; all tokens if there are no more than `count`. Each token
 * draws a number that depends on (seed, document, position) alone, and the lowest draws are taken. So a larger sample contains
 * a smaller one, and a longer text keeps most of the sample.
 * @param lengths tokens of each document
 */
export function samplePositions(lengths: readonly number[], count: number, seed: number): TextPlace[] {
  const draws: (TextPlace & { readonly draw: number })[] = [];
  for (const [document, length] of lengths.entries()) {
    for (let position = 0; position < length; position++) {
      draws.push({ document, position, draw: randomStream(seed, position, document).uniform() });
    }
  }
  return draws
    .sort((a, b) => a.draw - b.draw || inOrder(a, b))
    .slice(0, count)
    .sort(inOrder)
    .map(({ document, position }) => ({ document, position }));
}

function inOrder(a: TextPlace, b: TextPlace): number {
  return a.document - b.document || a.position - b.position;
}
