import type { Job } from "./job.ts";
import type { TokenId } from "./vocabularies.ts";

/**
 * A model as evaluation sees it: it gives probabilities to tokens, without its tensors or its tokenizer.
 *
 * `causal`: position p predicts the token at p + 1 from the tokens up to p.
 * `masked`: position p predicts the token at p itself from all others; the caller puts the mask token there.
 */
export interface LanguageModel {
  readonly kind: "causal" | "masked";
  /** The longest sequence the model was trained for. */
  readonly contextLength: number;
  /** V: rows of the head, padding included. */
  readonly vocabularySize: number;
  /**
   * Natural logarithms of the probabilities of single tokens: for each query [positions] numbers, in the order of its
   * positions. Any number of queries, of any lengths up to `contextLength`; the model batches them itself.
   * @throws RevocabError `not_finite` when the model gives NaN or an infinity, `aborted`
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
  /** Indices into `tokens`: where to read predictions. */
  readonly positions: Uint32Array;
}

export interface ScoreQuery extends PositionQuery {
  /** [positions] the token to score at each of them. */
  readonly targets: Uint32Array | readonly TokenId[];
}
