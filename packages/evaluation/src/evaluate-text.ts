import type { LanguageModel } from "@revocab/core";
import { type BitsPerByte, type BitsPerByteOptions, bitsPerByte } from "./bits-per-byte.ts";
import {
  type PseudoLikelihood,
  type PseudoLikelihoodOptions,
  pseudoLikelihood,
} from "./pseudo-likelihood.ts";

/** Told apart by `kind`; only figures of one kind are comparable. */
export type Evaluation = BitsPerByte | PseudoLikelihood;

/** Of either kind of model; what does not apply to the model at hand is left aside. */
export type EvaluateTextOptions = { readonly model: LanguageModel } & BitsPerByteOptions &
  PseudoLikelihoodOptions;

/**
 * The measure that fits the model: `bitsPerByte` for one that predicts the next token, `pseudoLikelihood` for one that
 * fills in masked tokens. Deterministic for a seed but for the seconds.
 * @throws RevocabError as those two do
 */
export async function evaluateText({
  stride,
  bos,
  samples,
  seed,
  ...shared
}: EvaluateTextOptions): Promise<Evaluation> {
  if (shared.model.kind === "masked") {
    return pseudoLikelihood({ ...shared, ...defined({ samples, seed }) });
  }
  return bitsPerByte({ ...shared, ...defined({ stride, bos }) });
}

/** Without what is undefined, so that defaults apply. */
function defined<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
