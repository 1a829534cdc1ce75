import type { Job } from "./job.ts";
import type { TokenId } from "./vocabularies.ts";

/**
 * A model that gives probabilities to tokens, as evaluation sees it: no tensors, no tokenizer.
 *
 * `causal`: position p predicts the token at p + 1 from the tokens up to p.
 * `masked`: position p predicts the token at p itself from all others; the caller writes the mask token there.
 */
export interface LanguageModel {
  readonly kind: "causal" | "masked";
  /** The longest sequence the model was made for. */
  readonly contextLength: number;
  /** V: rows of the head, padding included. */
  readonly vocabularySize: number;
  /**
   * Natural logarithms of the probabilities of single tokens: for each query [positions] numbers, in the order asked.
   * Any number of queries, of any lengths up to `contextLength`; they are batched inside.
   * @throws RevocabError `not_finite` when the model's numbers are no numbers, `aborted`
   */
  score(queries: readonly ScoreQuery[], job?: Job): Promise<Float32Array[]>;
  /**
   * Natural logarithms of the whole distributions: for each query [positions × V].
   * @throws RevocabError `not_finite`, `aborted`
   */
  distributions(queries: readonly PositionQuery[], job?: Job): Promise<Float32Array[]>;
}

export interface PositionQuery {
  readonly tokens: Uint32Array;
  /** Indices into `tokens`, whose predictions are asked for. */
  readonly positions: Uint32Array;
}

export interface ScoreQuery extends PositionQuery {
  /** [positions] the tokens whose probabilities are asked for. */
  readonly targets: Uint32Array | readonly TokenId[];
}
