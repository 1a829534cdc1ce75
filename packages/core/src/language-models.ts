import type { Job } from "./job.ts";
import type { StoredMatrix } from "./matrices.ts";
import type { TokenId } from "./vocabularies.ts";

/**
 * A model's layers as methods and measurements see them: rows of an input table in, final hidden states out. They know no
 * vocabulary.
 *
 * `causal`: a position sees itself and those before. `masked`: all positions see all.
 */
export interface Transformer {
  readonly kind: "causal" | "masked";
  /** The longest sequence the model was trained for. */
  readonly contextLength: number;
  /** d: columns of a final hidden state, and so of the head's table. */
  readonly width: number;
  /**
   * Sends all sequences of all requests through the layers. Each layer's weights are taken into memory once for all of them
   * where they do not stay there, so that several requests cost one pass over the model's files.
   * @throws RevocabError `not_finite` when the model gives NaN; `context_too_long`; `shape_mismatch` for a token without a
   *   row; `file_changed`; `no_space`; `device_failed`; `aborted`; what `onStates` throws
   */
  read(requests: readonly ReadRequest[], job?: Job): Promise<void>;
  /** About how long a read takes, told by a product of matrices before anything is read. */
  readCosts(): Promise<ReadCosts>;
}

/** In seconds. */
export interface ReadCosts {
  /** For the weights of a read, however many tokens it has. */
  readonly weights: number;
  readonly perToken: number;
}

/** Sequences to read with one input table. */
export interface ReadRequest {
  /** [V × d_in] the rows that tokens are read with. */
  readonly input: StoredMatrix;
  /** Any number, of any lengths up to the context length, in any order. */
  readonly queries: readonly PositionQuery[];
  /**
   * Encoder–decoder models: what the encoder reads, with the rows of `input` too.
   * @default a source without text, in the ids of the model's config
   */
  readonly source?: Uint32Array;
  /** Multiply-adds that `onStates` does for each position, so that progress and the time left count them. @default 0 */
  readonly workPerPosition?: number;
  /** Gets the states of some of the queries, or of all; over all calls those of each query once. */
  onStates(states: FinalStates): Promise<void>;
}

/** What the head's table is multiplied with, at the positions that queries name. */
export interface FinalStates {
  /** Indices into the queries of the request, in the order of the blocks. */
  readonly queries: readonly number[];
  /** Positions in all blocks. */
  readonly positions: number;
  /**
   * The states block by block; they can be gone through again, in the same order.
   * @param passes how often they will be gone through in all, for progress @default 1
   */
  blocks(passes?: number): AsyncIterable<StateBlock>;
}

export interface StateBlock {
  /** Indices into the queries of the request. */
  readonly queries: readonly number[];
  /** [Σ positions × d] query after query; overwritten when the next block is asked for. */
  readonly states: Float32Array;
}

/**
 * A model as evaluation sees it: it gives probabilities to tokens, without its tensors or its tokenizer. Layers with the tables
 * of a vocabulary are one, and a model that a server runs is another.
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
  /** What every text begins with before the tokenizer's own BOS, as the decoder of an encoder–decoder model has it. @default nothing */
  readonly startTokens?: readonly TokenId[];
  /**
   * Natural logarithms of the probabilities of single tokens: for each query [positions] numbers, in the order of its
   * positions. Any number of queries, of any lengths up to `contextLength`; the model batches them itself, and reports the
   * step `score` in scored tokens.
   * @throws RevocabError `not_finite` when the model gives NaN or an infinity, `aborted`
   */
  score(queries: readonly ScoreQuery[], job?: Job): Promise<Float32Array[]>;
  /**
   * Natural logarithms of the whole distributions, handed over query by query, in any order: all of them would not fit into memory.
   * @param use gets the index of a query and its [positions × V], valid until its promise is fulfilled
   * @throws RevocabError `not_finite`, `aborted`; what `use` throws
   */
  distributions(
    queries: readonly PositionQuery[],
    use: (query: number, logarithms: Float32Array) => Promise<void>,
    job?: Job,
  ): Promise<void>;
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
