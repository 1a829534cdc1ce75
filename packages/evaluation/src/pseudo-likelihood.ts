import { type Job, type LanguageModel, RevocabError, type ScoreQuery } from "@revocab/core";
import { checkContext } from "./check-context.ts";
import { checkIds, encodeDocuments, type TextTokenizer } from "./encode-documents.ts";
import { frameOf } from "./frame-of.ts";
import { joinTokens } from "./join-tokens.ts";
import type { LostCharacters } from "./lost-characters.ts";
import { samplePositions } from "./sample-positions.ts";
import { scoreInChunks } from "./score-in-chunks.ts";

export interface PseudoLikelihoodOptions {
  /** A masked model. */
  readonly model: LanguageModel;
  readonly tokenizer: TextTokenizer;
  readonly documents: readonly string[];
  /** Tokens in a window, those around the text included. @default 512, or the model's own if that is less */
  readonly context?: number;
  /** Tokens that are masked, one at a time; all if the text has fewer. @default 2000 */
  readonly samples?: number;
  /** Which tokens are masked is a function of it. @default 0 */
  readonly seed?: number;
  readonly job?: Job;
}

/** Plain data: fit for JSON. No probability of the text: never compare it with a causal model's bits per byte. */
export interface PseudoLikelihood {
  readonly kind: "pseudo-likelihood";
  /** Mean of −log2 p of a masked token given all others. */
  readonly pseudoBitsPerToken: number;
  /** The estimate for the whole text: `pseudoBitsPerToken` × tokens ÷ bytes; exact if all tokens are sampled. */
  readonly pseudoBitsPerByte: number;
  /** Bits of the sampled tokens ÷ bytes that they stand for; white space that is in no token does not count. */
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
 * How well a masked model fills in a text: a seeded sample of tokens is masked, one at a time, and the model asked for
 * the token that was there (pseudo-log-likelihood). Each is seen in the middle of a window of its document, with the
 * tokenizer's own tokens around it.
 * @see https://arxiv.org/abs/1910.14659
 * @throws RevocabError `bad_options`, `context_too_long`, `bad_text`, `unsupported_tokenizer` without a mask token, `shape_mismatch`,
 * `not_finite`, `aborted`
 */
export async function pseudoLikelihood({
  model,
  tokenizer,
  documents,
  context = Math.min(model.contextLength, DEFAULT_CONTEXT),
  samples = 2000,
  seed = 0,
  job,
}: PseudoLikelihoodOptions): Promise<PseudoLikelihood> {
  const { before, after, mask } = frameOf(tokenizer);
  checkIds([...before, mask, ...after], tokenizer, model);
  const room = context - before.length - after.length;
  checkOptions(model, context, room, samples);
  const encoded = await encodeDocuments({ documents, tokenizer, model, job });
  const lengths = encoded.ids.map((ids) => ids.length);
  const items = samplePositions(lengths, samples, seed).map(({ document, position }) => {
    const text = encoded.ids[document];
    const start = Math.max(0, Math.min(position - Math.floor(room / 2), text.length - room));
    const end = Math.min(start + room, text.length);
    return { document, position, start, end, inputs: before.length + end - start + after.length, targets: 1 };
  });
  const queryOf = ({ document, position, start, end }: (typeof items)[number]): ScoreQuery => {
    const text = encoded.ids[document];
    const tokens = joinTokens(before, text.subarray(start, end), after);
    const at = before.length + position - start;
    tokens[at] = mask;
    return { tokens, positions: Uint32Array.of(at), targets: Uint32Array.of(text[position]) };
  };
  if (items.length === 0) {
    throw new RevocabError("bad_text", `the tokenizer makes no tokens of the ${documents.length} documents`);
  }
  let bits = 0;
  const started = performance.now();
  await scoreInChunks({
    model,
    items,
    queryOf,
    onLogarithms: (_, logarithms) => {
      bits -= logarithms[0] / Math.LN2;
    },
    job,
  });
  const seconds = (performance.now() - started) / 1000;
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
}

/** Each sample is a pass over a window, so the time grows with it. */
const DEFAULT_CONTEXT = 512;

function checkOptions(model: LanguageModel, context: number, room: number, samples: number): void {
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
