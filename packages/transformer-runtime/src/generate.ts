import { setImmediate } from "node:timers/promises";
import { type Job, RevocabError, type TokenId, throwIfAborted } from "@revocab/core";
import { randomStream } from "@revocab/matrix";
import type { OpenLanguageModel } from "./language-model.ts";
import type { BodyCache } from "./run/text-grower.ts";
import { type SamplingOptions, sampleToken } from "./sample-token.ts";

/** What a text is continued with: every token, or the most probable ones. */
export interface NextTokens {
  /** What the softmax is taken of, for every token or for `tokens`. */
  readonly logits: Float32Array;
  /** The most probable tokens, the first the most, where there are no logits of the others. @default every token */
  readonly tokens?: Uint32Array;
  /** Beside `tokens`: log Σ exp(logit / temperature) of every token. */
  readonly logTotal?: (temperature: number) => number;
  readonly cache: BodyCache;
}

/** A model that a text is continued with; an {@link OpenLanguageModel} is one. */
export interface TextContinuer extends Pick<OpenLanguageModel, "kind" | "contextLength"> {
  /** @throws RevocabError as `OpenLanguageModel.continue` does */
  continue(tokens: Uint32Array, options?: { readonly cache?: BodyCache }): Promise<NextTokens>;
}

export interface GenerateOptions extends SamplingOptions {
  readonly model: TextContinuer;
  /** The prompt, with a token that opens a text where the model expects one. */
  readonly tokens: Uint32Array;
  /** @default 60 */
  readonly maxTokens?: number;
  /** @default 0 */
  readonly seed?: number;
  /** Tokens that end a text. They are not part of the result. */
  readonly stop?: ReadonlySet<TokenId>;
  /** False for rows of the head that are no token's, such as padding. @default every row may be drawn */
  readonly isAllowed?: (token: TokenId) => boolean;
  readonly onToken?: (token: TokenId) => void;
  readonly job?: Job;
}

export interface Generated {
  readonly tokens: Uint32Array;
  /** A token that ends a text came, `maxTokens` were written, or the model's context is full. */
  readonly endedBy: "stop" | "length" | "context";
}

/**
 * Continues a text token by token; each token costs one position of the model. The same seed gives the same text.
 * @throws RevocabError `bad_options` for a masked model or no prompt; `context_too_long`; `aborted`
 */
export async function generate({
  model,
  tokens,
  maxTokens = 60,
  seed = 0,
  stop = new Set(),
  isAllowed = () => true,
  onToken,
  job,
  ...sampling
}: GenerateOptions): Promise<Generated> {
  if (model.kind !== "causal") {
    throw new RevocabError("bad_options", "this is a masked model: it fills gaps and continues no text", {
      hint: "generate needs a decoder such as Llama or GPT-2",
    });
  }
  if (tokens.length === 0) {
    throw new RevocabError("bad_options", "the prompt has no tokens", { hint: "give some text to continue" });
  }
  const written: TokenId[] = [];
  let next = tokens;
  let cache: BodyCache | undefined;
  while (written.length < maxTokens) {
    throwIfAborted(job?.abortSignal);
    if ((cache?.length ?? 0) + next.length > model.contextLength && cache !== undefined) {
      return { tokens: Uint32Array.from(written), endedBy: "context" };
    }
    const continued = await model.continue(next, { cache });
    cache = continued.cache;
    const { uniform } = randomStream(seed, written.length);
    const token = nextToken(continued, sampling, isAllowed, uniform);
    if (stop.has(token)) return { tokens: Uint32Array.from(written), endedBy: "stop" };
    written.push(token);
    onToken?.(token);
    next = Uint32Array.of(token);
    await setImmediate(); // let a signal arrive
  }
  return { tokens: Uint32Array.from(written), endedBy: "length" };
}

function nextToken(
  { logits, tokens, logTotal }: NextTokens,
  sampling: SamplingOptions,
  isAllowed: (token: TokenId) => boolean,
  uniform: () => number,
): TokenId {
  if (tokens === undefined) return sampleToken(logits, sampling, isAllowed, uniform);
  const { temperature = 0 } = sampling;
  const total = temperature === 0 ? undefined : logTotal?.(temperature);
  return tokens[sampleToken(logits, sampling, (place) => isAllowed(tokens[place]), uniform, total)];
}
