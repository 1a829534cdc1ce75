import type { Job, Matrix, TokenId } from "@revocab/core";
import type { DynamicTokenizer } from "./dynamic-tokenizer.ts";

/** Rows of tokens, in the order in which they were asked for. */
export interface TokenRows {
  /** [n × d_in] */
  readonly input: Matrix;
  /** [n × d], for a head whose rows differ from those of the input. @default the input's rows serve both */
  readonly output?: Matrix;
  /** [n × 1] */
  readonly bias?: Matrix;
}

export interface RowRequest {
  /** The tokenizer with the merged tokens. */
  readonly tokenizer: Pick<DynamicTokenizer, "vocabulary" | "encode" | "family">;
  /** Ids of its vocabulary. */
  readonly tokens: Uint32Array | readonly TokenId[];
  readonly job?: Job;
}

/** Gives rows to tokens that a model was not trained with. */
export interface RowProvider {
  /** What a row depends on: the token's bytes alone, so that it can be kept for other batches, or all tokens of the vocabulary. */
  readonly dependsOn: "bytes" | "vocabulary";
  /** Whether the model's own tokens shall get rows too, for these fit the others better than its own. */
  readonly changesOwn: boolean;
  /** @throws RevocabError `no_evidence` for a token that there is no row for; `aborted`; what computing rows throws */
  rowsOf(request: RowRequest): Promise<TokenRows>;
  /** Frees what it holds open. */
  close(): Promise<void>;
}
