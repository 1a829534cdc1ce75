import { type BitsPerByte, type BitsPerByteOptions, bitsPerByte } from "./bits-per-byte.ts";
import {
  type PseudoLikelihood,
  type PseudoLikelihoodOptions,
  pseudoLikelihood,
} from "./pseudo-likelihood.ts";

/** Told apart by `kind`; only figures of one kind are comparable. */
export type Evaluation = BitsPerByte | PseudoLikelihood;

/** Of either kind of model; what does not apply to the model at hand is left aside. */
export type EvaluateTextOptions = BitsPerByteOptions & PseudoLikelihoodOptions;

/**
 * The measure that fits the model: `bitsPerByte` for one that predicts the next token, `pseudoLikelihood` for one that
 * fills in masked tokens. Deterministic for a seed but for the seconds.
 * @throws RevocabError as those two do
 */
export async function evaluateText(options: EvaluateTextOptions): Promise<Evaluation> {
  return options.model.kind === "masked" ? pseudoLikelihood(options) : bitsPerByte(options);
}
