import { type BitsPerByte, type BitsPerByteOptions, prepareBitsPerByte } from "./bits-per-byte.ts";
import {
  type PseudoLikelihood,
  type PseudoLikelihoodOptions,
  preparePseudoLikelihood,
} from "./pseudo-likelihood.ts";
import { askModel, type ModelShape, type Scored, type TextScoring } from "./text-scoring.ts";

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
  return (await scoreTokens(options)).score;
}

/**
 * {@link evaluateText}, and what every token of the text cost: `lossByToken` and `compareLosses` say where.
 * @throws RevocabError as `evaluateText` does
 */
export async function scoreTokens(options: EvaluateTextOptions): Promise<Scored<Evaluation>> {
  return askModel(await prepareScoring(options), options.model, options.job);
}

/**
 * {@link evaluateText} before the model is asked, so that several models can be asked at once.
 * @param options of the model no more than its kind and its sizes
 */
export async function prepareScoring(
  options: Omit<EvaluateTextOptions, "model"> & { readonly model: ModelShape },
): Promise<TextScoring<Evaluation>> {
  return options.model.kind === "masked" ? preparePseudoLikelihood(options) : prepareBitsPerByte(options);
}

/** The figure by which models are compared: lower is better. Only figures of one kind are comparable. */
export function bitsPerByteOf(evaluation: Evaluation): number {
  return evaluation.kind === "bits-per-byte" ? evaluation.bitsPerByte : evaluation.pseudoBitsPerByte;
}
