import { setImmediate } from "node:timers/promises";
import { type Job, RevocabError, type TokenId, throwIfAborted } from "@revocab/core";
import { type RandomStream, randomStream } from "@revocab/matrix";
import type { OpenLanguageModel } from "./language-model.ts";
import type { BodyCache } from "./run/text-grower.ts";
import { sampleToken } from "./sample-token.ts";

export interface WriteTextsOptions {
  readonly model: OpenLanguageModel;
  /** What a text is begun with; one of several is drawn for each text. */
  readonly openings: ArrayLike<TokenId>;
  /** Whether the opening is a part of the text, where no token says that a text begins. */
  readonly keepsOpening: boolean;
  /** Tokens that end a text. They are not part of it. */
  readonly ends: ReadonlySet<TokenId>;
  /** False for rows of the head that no text has. */
  readonly isAllowed: (token: TokenId) => boolean;
  /** Tokens to write, in all; the last texts may bring a few more. */
  readonly tokens: number;
  /** @default 0 */
  readonly seed?: number;
  readonly onTokens?: (done: number) => void;
  readonly job?: Job;
}

/** Texts that grow side by side: a step reads the weights once for all of them. */
const TEXTS = 32;
/** Longer texts cost more attention and say little more. */
const LONGEST = 256;
/** After so many rounds with less than a token for each text no more is tried: this model ends texts at once. */
const FUTILE_ROUNDS = 20;

/**
 * Texts that a model writes by itself, every token as often as the model finds it probable (temperature 1). Each text has
 * random numbers of its own, so that the same seed gives the same texts.
 * @returns the tokens of each text; fewer if the model ends texts at once
 * @throws RevocabError `bad_options` for a masked model; `not_finite`; `aborted`
 */
export async function writeTexts(options: WriteTextsOptions): Promise<Uint32Array[]> {
  const { model, openings, tokens, seed = 0, onTokens } = options;
  if (model.kind !== "causal") {
    throw new RevocabError("bad_options", "this is a masked model: it fills gaps and writes no text");
  }
  const texts: Uint32Array[] = [];
  let written = 0;
  for (let begun = 0, futile = 0; written < tokens && openings.length > 0 && futile < FUTILE_ROUNDS; ) {
    const before = written;
    const count = Math.min(TEXTS, Math.ceil((tokens - written) / LONGEST));
    const streams = Array.from({ length: count }, (_, i) => randomStream(seed, begun + i, PURPOSE));
    begun += count;
    const grown = await writeSideBySide(streams, options, (more) =>
      onTokens?.(Math.min(tokens, before + more)),
    );
    for (const text of grown) {
      if (text.length > 0) texts.push(Uint32Array.from(text));
      written += text.length;
    }
    futile = written - before < count ? futile + 1 : 0;
  }
  return texts;
}

/** Tells these random numbers from others of the same seed. */
const PURPOSE = 0x7e;

async function writeSideBySide(
  streams: readonly RandomStream[],
  { model, openings, keepsOpening, ends, isAllowed, job }: WriteTextsOptions,
  onTokens: (done: number) => void,
): Promise<TokenId[][]> {
  const texts: TokenId[][] = streams.map(() => []);
  const isEnded = streams.map(() => false);
  let next = Uint32Array.from(streams, ({ uniform }) => openings[Math.floor(uniform() * openings.length)]);
  if (keepsOpening) for (const [i, text] of texts.entries()) text.push(next[i]);
  let cache: BodyCache | undefined;
  const longest = Math.min(LONGEST, model.contextLength);
  for (let length = 0; length < longest && isEnded.includes(false); length++) {
    throwIfAborted(job?.abortSignal);
    const continued = await model.continue(next, { texts: next.length, cache });
    cache = continued.cache;
    next = next.map((opening, i) => {
      if (isEnded[i]) return opening;
      const logits = continued.logits.subarray(i * model.vocabularySize, (i + 1) * model.vocabularySize);
      return sampleToken(logits, { temperature: 1 }, isAllowed, streams[i].uniform);
    });
    for (const [i, text] of texts.entries()) {
      isEnded[i] ||= ends.has(next[i]);
      if (!isEnded[i]) text.push(next[i]);
    }
    onTokens(texts.reduce((sum, text) => sum + text.length, 0));
    await setImmediate(); // let a signal arrive
  }
  return texts;
}
