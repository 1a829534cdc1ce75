import { type Job, RevocabError, type TokenId, throwIfAborted } from "@revocab/core";
import type { ByteReadingOptions } from "@revocab/evaluation";
import { RECENT, type ReadingContext, readingContext } from "@revocab/evaluation/internal";
import type { Tokenizer } from "@revocab/vocabulary";
import { type GapOptions, readAroundGap } from "./gap.ts";
import { type GrowingCovers, growingCovers } from "./growing-covers.ts";
import { type ContinuingModel, keptPasses, type ReadingCost } from "./kept-passes.ts";

/** What is known of the byte after a text. */
export interface NextByte {
  /** [257] P(next byte | the text so far); 256 is the end of the text. Their sum is 1. */
  readonly probabilities: Float64Array;
  /** The most by which one of them is wrong: the share of what is not read. */
  readonly unread: number;
}

/** What predicts the next byte of a text that grows: a model, or several that vote. */
export interface ByteReader {
  /**
   * @param tolerance how much may stay unread, for a caller that can do with less than the reader's own; asked again with less, it
   *   reads on @default the reader's own
   * @returns undefined when the model's context is full
   * @throws RevocabError `not_finite`; `aborted`; `bad_text` when the model gives no byte any probability
   */
  next(tolerance?: number): Promise<NextByte | undefined>;
  /** Puts a byte behind the text. */
  push(byte: number): Promise<void>;
  /** Whether the model has a token that ends a text. */
  readonly canEnd: boolean;
  readonly cost: ReadingCost;
}

export interface ByteReaderOptions extends Omit<ByteReadingOptions, "model">, ReadingOptions, GapOptions {
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
   * How much may stay unread: sequences of tokens are left out while their share is less, together. Each probability is that of
   * `byteDistribution` within it.
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
 * With `suffix` the text that grows is that of the gap between the prompt and the suffix.
 * @throws RevocabError `bad_text` for a prompt that no tokens cover; `bad_options`, also for a suffix where the tokenizer has no tokens that
 *   mark a gap; `unsupported_tokenizer`
 * @see https://arxiv.org/abs/2410.09303 and https://arxiv.org/abs/2506.14123
 */
export async function byteReader({
  prompt = "",
  suffix,
  gapOrder,
  ...options
}: ByteReaderOptions): Promise<ByteReader> {
  const before = typeof prompt === "string" ? new TextEncoder().encode(prompt) : prompt;
  const context = await readingContext(options);
  if (suffix === undefined) return openReader(context, options, before);
  const { opening, text, ends } = await readAroundGap(context, options.tokenizer, {
    before,
    suffix,
    gapOrder,
  });
  const within = await readingContext({ ...options, opening });
  const { ends: asked = endsOf(options.tokenizer) } = options;
  return openReader(within, { ...options, ends: new Set([...asked, ...ends]) }, text);
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
  let next: NextByte | undefined;
  let wasRefused = false;

  /** By the tokenizer's own tokens of the text so far. */
  async function openCovers(): Promise<GrowingCovers> {
    const text = await context.open(await context.streamOf(Uint8Array.from(bytes)));
    return growingCovers(context, text, ends);
  }

  /** Reads covers, the one with the largest share first, until the rest is small. */
  async function readUntil(enough: number): Promise<NextByte | undefined> {
    for (;;) {
      throwIfAborted(job?.abortSignal);
      const { shares, unread } = covers.known();
      const read = total(shares);
      const rest = total(unread.map(({ share }) => share));
      if (rest <= enough * (read + rest) && read > 0)
        return { probabilities: shares.map((share) => share / read), unread: rest / (read + rest) };
      if (unread.length === 0) throw nothingFollows(tokenizer.origin, bytes.length);
      const { cover } = unread.reduce((most, each) => (each.share > most.share ? each : most));
      const logits = await passes.logitsAfter(cover);
      if (logits === undefined) return undefined;
      await covers.read(cover, logits);
    }
  }

  return {
    canEnd: ends.size > 0,
    cost: passes.cost,
    async next(enough = tolerance) {
      if (next === undefined || next.unread > enough) next = await readUntil(enough);
      return next;
    },
    async push(byte) {
      next = undefined;
      bytes.push(byte);
      await covers.grow(byte);
      const isRefused = await refusesOwn(tokenizer, context, bytes);
      if (covers.stem === undefined || isRefused || wasRefused) {
        covers = await openCovers();
        passes.moveTo(covers);
      }
      wasRefused = isRefused;
      passes.keepFor(covers);
    },
  };
}

function endsOf({ vocabulary }: Tokenizer): ReadonlySet<TokenId> {
  const eos = vocabulary.idOfRole("eos");
  return new Set(eos === undefined ? [] : [eos]);
}

/**
 * Whether the tokenizer writes the end of a text with tokens that `follows` refuses side by side. Only one with `ignore_merges` (Llama 3) does:
 * where two tokens are one together, but not in a longer word.
 */
async function refusesOwn(
  tokenizer: Tokenizer,
  context: ReadingContext,
  bytes: readonly number[],
): Promise<boolean> {
  if (tokenizer.bpeNeighbours()?.hasOneTokens !== true) return false;
  const tokens = [...(await context.streamOf(Uint8Array.from(bytes))).tokens];
  for (let end = Math.max(0, tokens.length - RECENT); end < tokens.length; end++) {
    const before = tokens.slice(Math.max(0, end - RECENT), end);
    if (!(await context.succession.follows(before, tokens[end]))) return true;
  }
  return false;
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
