import type { TokenId } from "@revocab/core";

/** What became of the ids of a model that keeps its own tokenizer, edited or as it is: for the configs and the gate. */
export interface OwnTokenizer {
  /** [V_t] the id that each token had before, −1 for a new one: ids in the configs are mapped by it and by nothing else. */
  readonly oldIdOf: Int32Array;
  /** Ids of tokens that are new, have a new name, or became control tokens. */
  readonly changed: readonly TokenId[];
}
