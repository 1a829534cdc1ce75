import { type BitsPerByte, type BitsPerByteOptions, bitsPerByte } from "./bits-per-byte.ts";
import {
  type PseudoLikelihood,
  type PseudoLikelihoodOptions,
  pseudoLikelihood,
} from "./pseudo-likelihood.ts";

/** `kind` tells which; only figures of one kind are comparable. */
export type Evaluation = BitsPerByte | PseudoLikelihood;

/** For either kind of model; options for the other kind are ignored. */
export type EvaluateTextOptions = BitsPerByteOptions & PseudoLikelihoodOptions;

/**
 * The measure that fits the model: `bitsPerByte` for one that predicts the next token, `pseudoLikelihood` for one that
 * fills in masked tokens. The same seed gives the same figures, except the times.
 * @throws RevocabError as those two do
 */
export async function evaluateText(options: EvaluateTextOptions): Promise<Evaluation> {
  return options.model.kind === "masked" ? pseudoLikelihood(options) : bitsPerByte(options);
}

/** The figure by which models are compared: lower is better. Only figures of one kind are comparable. */
export function bitsPerByteOf(evaluation: Evaluation): number {
  return evaluation.kind === "bits-per-byte" ? evaluation.bitsPerByte : evaluation.pseudoBitsPerByte;
}
