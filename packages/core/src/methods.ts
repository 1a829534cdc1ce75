import type { Job } from "./job.ts";
import type { Transformer } from "./language-models.ts";
import type { Matrix, Mixture, StoredMatrix } from "./matrices.ts";
import type { Alignment, TokenId, Vocabulary } from "./vocabularies.ts";

/** What a row is for: read at the input, or scored against the hidden state at the output. */
export type Role = "input" | "output";

/** One tensor of the source model with a row per token; a head bias is a table of one column. */
export interface EmbeddingTable {
  /** Unique in a model: `input`, `output`, `output.bias`, and others by their place: `input.encoder`, `output.layers.61`. */
  readonly slot: string;
  readonly role: Role;
  /** A bias has one column and its scale is that of logits. */
  readonly isBias: boolean;
  /** [V_s × d] */
  readonly matrix: StoredMatrix;
}

export type EncodeText = (text: string) => Promise<Uint32Array>;

/** The source model as a method may run it. */
export interface SourceModel {
  readonly transformer: Transformer;
  /** [V_s × d_in] the model's own input rows. */
  readonly input: StoredMatrix;
  /** The model's whole vocabulary, also in a leave-out test, where the context's vocabulary lacks the tokens left out. */
  readonly vocabulary: Vocabulary;
  readonly encode: EncodeText;
  /**
   * Texts sampled from the model at temperature 1, without the tokens that open or end a text. The same seed gives the same texts.
   * @returns tokens of each text; about `tokens` in all, fewer if the model ends texts at once
   * @throws RevocabError `bad_options` for a masked model; `not_enough_memory` for a model that cannot be in memory whole;
   *   `not_finite`, `aborted`
   */
  writeTexts(options: WriteOptions): Promise<readonly Uint32Array[]>;
}

export interface WriteOptions {
  readonly tokens: number;
  readonly seed: number;
  readonly onTokens?: (done: number) => void;
  readonly job?: Job;
}

/** How a model turns the numbers of a head by position: pair (i, i + h/2) of a head of h numbers by position · base^(−2i/h), as in Llama. */
export interface RotaryHeads {
  /** Attention heads. */
  readonly heads: number;
  /** `rope_theta` of the model. */
  readonly base: number;
}

/** Another model whose rows a method may take: its tokens matched with those of the target. */
export interface Donor {
  readonly vocabulary: Vocabulary;
  readonly tables: readonly EmbeddingTable[];
  /** Only where the model turns positions. */
  readonly rotary?: RotaryHeads;
  /** From the donor to the target: `sourceOf` are ids of the donor. */
  readonly alignment: Alignment;
}

/** Everything a method may look at. Plans, leave-out tests and `initializeRows` build it in one place: `initContext`. */
export interface InitContext {
  readonly source: {
    readonly vocabulary: Vocabulary;
    readonly tables: readonly EmbeddingTable[];
    /** Only where the model turns positions, and the caller knows how. */
    readonly rotary?: RotaryHeads;
    /** How the tokenizer writes a text, without special tokens; only where the caller has a whole tokenizer. */
    readonly encode?: EncodeText;
    /** Loads the layers when it is first called; only where the caller can run the model. */
    readonly model?: () => Promise<SourceModel>;
  };
  readonly target: { readonly vocabulary: Vocabulary; readonly encode?: EncodeText };
  readonly alignment: Alignment;
  /** Opens the donor when it is first called; only where the caller has one. */
  readonly donor?: () => Promise<Donor>;
  /** Every random number comes from this seed and the token's id, so block size and thread count cannot matter. */
  readonly seed: number;
  /** The model's own `initializer_range`. */
  readonly initializerRange: number;
  readonly job?: Job;
}

/**
 * What of the context a method cannot do without: the source `model`, which it runs (so all its weights must be on this
 * machine), a `donor`, the tokenizers' `encode`, or the `runtime` for a network of its own.
 */
export type Need = "model" | "donor" | "encode" | "runtime";

/** The traits of a method: shared code reads them and never branches on a method's name. */
interface MethodDescription {
  /** The name on the command line and in recipes. */
  readonly name: string;
  /** Address of the paper or reference. */
  readonly paper?: string;
  /**
   * True when input rows and output rows of one token differ, so that a tied model needs a choice; `donor` when they differ only
   * with a donor whose head has rows of its own.
   */
  readonly differsByRole: boolean | "donor";
  /** True when every token gets a row, so that the method needs no fallback. @default false */
  readonly coversAll?: boolean;
  /**
   * True when a row stands for a token of which nothing is known, as the mean does. New specials then get noise on top,
   * because the model cannot tell tokens with equal rows apart. @default false
   */
  readonly isStandIn?: boolean;
  /** True when the method has better rows than copies for shared tokens: it is then tried before the copy. @default false */
  readonly changesShared?: boolean;
  /** @default nothing but vocabularies and tables */
  readonly needs?: readonly Need[];
  /** The options in force, for the recipe; plain JSON. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A new row is a weighted sum of old rows: the weights are all the method gives. */
export interface MixtureMethod extends MethodDescription {
  readonly kind: "mixture";
  /** `convex`: the weights of a row are ≥ 0 and sum to 1, or the row is empty. */
  readonly weights: "convex" | "signed";
  /** The slow part, run once per context; what it returns is pure. */
  prepare(context: InitContext): Promise<PreparedMixture>;
}

export interface PreparedMixture {
  /** Rows for `tokens` in their order, over the V_s source rows and then the basis rows of the table. */
  mixture(tokens: Uint32Array, table: EmbeddingTable): Mixture;
  /** X [x × d]: rows that belong to no token (a mean, a direction); `mixture` addresses them as V_s, V_s + 1, … */
  basis?(table: EmbeddingTable): Matrix;
}

/** A new row is not a sum of old rows (random normals, a hypernetwork): the method gives the row itself. */
export interface RowMethod extends MethodDescription {
  readonly kind: "rows";
  prepare(context: InitContext): Promise<PreparedRows>;
  /** Closes what `rows` holds open; a later call of `rows` opens it again. @default there is nothing to close */
  close?(): Promise<void>;
}

export interface PreparedRows {
  /** False for a token that the method has no row for in this table. @default every token is covered */
  covers?(token: TokenId, table: EmbeddingTable): boolean;
  /** [tokens × d] rows for `tokens` in their order; the same token gives the same row in any block. */
  rows(tokens: Uint32Array, table: EmbeddingTable): Matrix | Promise<Matrix>;
}

/** Methods tried in order; each fills the rows that those before it left empty. */
export interface FallbackChain {
  readonly kind: "chain";
  readonly methods: readonly (MixtureMethod | RowMethod)[];
}

export type InitMethod = MixtureMethod | RowMethod | FallbackChain;

/** The rows of one table of the target model, as weights over the source rows; a {@link RowSource} has the dense rows. Plain data. */
export interface TablePlan {
  readonly slot: string;
  readonly role: Role;
  /** [V_t × (V_s + basis rows)]; empty for dense rows, and for rows that no method filled. */
  readonly mixture: Mixture;
  /** X [x × d] */
  readonly basis: Matrix;
  /** Rows that are no weighted sum of source rows. */
  readonly dense: {
    /** Row numbers, ascending. */
    readonly ids: Uint32Array;
    /** d */
    readonly columns: number;
  };
  /** [V_t] indices into `origins`: which method initialized the row. */
  readonly origin: Uint8Array;
  readonly origins: readonly string[];
}

/**
 * The dense rows of a plan. They are computed or read from a file when they are needed, because together they can be as large
 * as the matrix itself. Files and models stay open for them until `close`.
 */
export interface RowSource {
  /**
   * Rows `dense.ids[start … start + count)` of the table in `slot` → [count × d].
   * @throws RevocabError `shape_mismatch` for rows that the table does not have
   */
  read(slot: string, start: number, count: number): Promise<Matrix>;
  close(): Promise<void>;
}
