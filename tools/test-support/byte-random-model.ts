import type { LanguageModel, TokenId } from "@revocab/core";
import { randomStream } from "@revocab/matrix";
import type { BodyCache, OpenLanguageModel } from "@revocab/transformer-runtime";

/** A causal model of fixed random numbers that depend on the last two tokens, and so never a tokenizer's own. */
export function randomModel(
  vocabularySize: number,
  { seed = 1, contextLength = 512 }: { readonly seed?: number; readonly contextLength?: number } = {},
): LanguageModel & { readonly asked: { passes: number; longest: number } } {
  const asked = { passes: 0, longest: 0 };
  return {
    kind: "causal",
    contextLength,
    vocabularySize,
    asked,
    async score() {
      throw new Error("a byte distribution needs whole distributions");
    },
    async distributions(queries, use) {
      for (const [index, { tokens, positions }] of queries.entries()) {
        asked.passes++;
        asked.longest = Math.max(asked.longest, tokens.length);
        const rows = [...positions].map((position) =>
          logProbabilitiesAfter([...tokens.subarray(0, position + 1)], vocabularySize, seed),
        );
        await use(index, Float32Array.from(rows.flatMap((row) => [...row])));
      }
    },
  };
}

/** {@link randomModel} that continues texts; it counts the tokens that it is given. */
export function continuingModel(
  vocabularySize: number,
  options: Parameters<typeof randomModel>[1] = {},
): ReturnType<typeof randomModel> &
  Pick<OpenLanguageModel, "continue"> & { readonly continued: { passes: number; tokens: number } } {
  const { seed = 1, contextLength = 512 } = options;
  const read = new WeakMap<BodyCache, readonly TokenId[]>();
  const continued = { passes: 0, tokens: 0 };
  return {
    ...randomModel(vocabularySize, options),
    continued,
    async continue(tokens, { cache } = {}) {
      continued.passes++;
      continued.tokens += tokens.length;
      const all = [...((cache && read.get(cache)) ?? []), ...tokens];
      if (all.length > contextLength)
        throw new Error(`${all.length} tokens in a context of ${contextLength}`);
      const grown = { length: all.length, tensors: {} };
      read.set(grown, all);
      return { logits: logProbabilitiesAfter(all, vocabularySize, seed), cache: grown };
    },
  };
}

/** [V] rounded to f32, as a model gives them. */
export function logProbabilitiesAfter(
  tokens: readonly TokenId[],
  vocabularySize: number,
  seed: number,
): Float32Array {
  const [last = 0, before = 0] = [tokens.at(-1), tokens.at(-2)];
  const stream = randomStream(seed, last * 4096 + before);
  const logits = Array.from({ length: vocabularySize }, () => 2 * stream.normal());
  const sum = Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0));
  return Float32Array.from(logits, (logit) => logit - sum);
}
