import { type Job, RevocabError, type TokenId, throwIfAborted } from "@revocab/core";
import type { ByteReadingOptions } from "@revocab/evaluation";
import { type ReadingContext, readingContext } from "@revocab/evaluation/internal";
import type { Tokenizer } from "@revocab/vocabulary";
import { type GrowingCovers, growingCovers } from "./growing-covers.ts";
import { type ContinuingModel, keptPasses, type ReadingCost } from "./kept-passes.ts";

/** What predicts the next byte of a text that grows: a model, or several that vote. */
export interface ByteReader {
  /**
   * [257] P(next byte | the text so far); 256 is the end of the text. Undefined when the model's context is full. The array is
   * the caller's to read until the next call.
   * @throws RevocabError `not_finite`; `aborted`; `bad_text` when the model gives no byte any probability
   */
  next(): Promise<Float64Array | undefined>;
  /** Puts a byte behind the text. */
  push(byte: number): Promise<void>;
  /** Whether the model has a token that ends a text. */
  readonly canEnd: boolean;
  readonly cost: ReadingCost;
}

export interface ByteReaderOptions extends Omit<ByteReadingOptions, "model">, ReadingOptions {
  /** A causal model whose ids are the tokenizer's. */
  readonly model: ContinuingModel;
  /** What the text begins with; it may end inside a token or inside a character. @default "" */
  readonly prompt?: Uint8Array | string;
}

export interface ReadingOptions {
  /** Tokens that end a text. @default the one of the role eos */
  readonly ends?: ReadonlySet<TokenId>;
  /**
   * Tokens in a window: a longer text is read in windows, each of which begins with the last token of the one before, as
   * `byteLevelScore` reads it. @default the text ends where the model's context is full
   */
  readonly window?: number;
  /**
   * How much probability may stay unread: sequences of tokens are left out while their share is less, together. Each probability is
   * that of `byteDistribution` within it.
   * @default 1e-7
   */
  readonly tolerance?: number;
  readonly job?: Job;
}

/**
 * P(next byte | text) of a model of tokens while the text grows: what `byteDistribution` says of every prefix, at the cost of
 * about a token for each byte at most. Every sequence of tokens that covers the text is read once, from the keys and values of the one
 * that it extends by a token, and only when its share matters.
 *
 * Tokens of a sequence are judged by those before them when their last byte comes. `byteDistribution`
 * takes the tokenizer's own tokens of the whole prefix besides; for BPE these are the same.
 * @throws RevocabError `bad_text` for a prompt that no tokens cover, `bad_options`, `unsupported_tokenizer`
 * @see https://arxiv.org/abs/2410.09303 and https://arxiv.org/abs/2506.14123
 */
export async function byteReader({ prompt = "", ...options }: ByteReaderOptions): Promise<ByteReader> {
  const text = typeof prompt === "string" ? new TextEncoder().encode(prompt) : prompt;
  return openReader(await readingContext(options), options, text);
}

/** {@link byteReader} of a model and a tokenizer that are prepared. */
export async function openReader(
  context: ReadingContext,
  {
    model,
    tokenizer,
    window,
    tolerance = 1e-7,
    ends = endsOf(tokenizer),
    job,
  }: ReadingOptions & Pick<ByteReaderOptions, "model" | "tokenizer">,
  prompt: Uint8Array,
): Promise<ByteReader> {
  checkOptions(model, window, tolerance);
  const passes = keptPasses(model, context.begin, window);
  const bytes = [...prompt];
  let covers = await openCovers();
  let known: Float64Array | undefined;

  /** By the tokenizer's own tokens of the text so far. */
  async function openCovers(): Promise<GrowingCovers> {
    const text = await context.open(await context.streamOf(Uint8Array.from(bytes)));
    return growingCovers(context, text, ends);
  }

  /** Reads covers, the one with the largest share first, until the rest is small. */
  async function readBytes(): Promise<Float64Array | undefined> {
    for (;;) {
      throwIfAborted(job?.abortSignal);
      const { shares, unread } = covers.known();
      const sum = total(shares);
      const [most, ...others] = [...unread].sort((a, b) => b.share - a.share);
      if (most === undefined && !(sum > 0)) throw nothingFollows(tokenizer.origin, bytes.length);
      if (most === undefined || most.share + total(others.map(({ share }) => share)) <= tolerance * sum)
        return shares.map((share) => share / sum);
      const logits = await passes.logitsAfter(most.cover);
      if (logits === undefined) return undefined;
      await covers.read(most.cover, logits);
    }
  }

  return {
    canEnd: ends.size > 0,
    cost: passes.cost,
    async next() {
      known ??= await readBytes();
      return known;
    },
    async push(byte) {
      known = undefined;
      bytes.push(byte);
      await covers.grow(byte);
      if (covers.stem === undefined) covers = await openCovers();
      passes.keepFor(covers);
    },
  };
}

function endsOf({ vocabulary }: Tokenizer): ReadonlySet<TokenId> {
  const eos = vocabulary.idOfRole("eos");
  return new Set(eos === undefined ? [] : [eos]);
}

function checkOptions({ contextLength }: ContinuingModel, window: number | undefined, tolerance: number) {
  if (window !== undefined && !(Number.isInteger(window) && window >= 2 && window <= contextLength)) {
    throw new RevocabError(
      "bad_options",
      `the window is ${window} tokens, expected between 2 and the model's ${contextLength}`,
    );
  }
  if (tolerance >= 0 && tolerance < 1) return;
  throw new RevocabError("bad_options", `the tolerance is ${tolerance}, expected a share from 0 to below 1`);
}

function total(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

function nothingFollows(origin: string, bytes: number): RevocabError {
  return new RevocabError("bad_text", `${origin}: no byte has a probability after ${bytes} bytes of text`, {
    hint: "no sequence of the tokenizer's tokens covers this text and goes on",
  });
}
