import type { TokenId } from "@revocab/core";

/**
 * A transformer as data: which tensors do what, in which order. A family reads a config and says this; the graph
 * builder knows nothing of families. Widths are numbers of columns; names are full tensor names.
 */
export interface TransformerDescription {
  /** `causal`: each position sees itself and those before. `masked`: all see all. */
  readonly kind: "causal" | "masked";
  /** d: columns of a hidden state; of an input row too, unless the embedding has a projection. */
  readonly width: number;
  /** The longest sequence the model was made for. */
  readonly contextLength: number;
  readonly embedding: EmbeddingDescription;
  /** Rotary embeddings by the name that layers call them by. */
  readonly rotary: Readonly<Record<string, RotaryDescription>>;
  readonly layers: readonly LayerDescription[];
  readonly finalNorm?: NormDescription;
  readonly head: HeadDescription;
  /** Of an encoder–decoder model, whose decoder the rest describes. */
  readonly encoder?: EncoderDescription;
}

/** What reads the source of an encoder–decoder model: the text that the decoder's layers look at besides their own. */
export interface EncoderDescription {
  /** Its last states are what `crossAttention` looks at. It reads the rows of the decoder's input table. */
  readonly body: TransformerDescription;
  /** A source without text, and what the decoder begins every text with: ids of the vocabulary that the config speaks of. */
  readonly emptySource: readonly TokenId[];
  readonly startTokens: readonly TokenId[];
}

/** Columns of an input row. */
export function inputWidth({ embedding, width }: TransformerDescription): number {
  return embedding.projection?.linear.inputs ?? width;
}

/** Columns of a final hidden state. */
export function outputWidth({ head, width }: TransformerDescription): number {
  return head.transform?.dense.outputs ?? width;
}

/** What happens to the rows of the input table before the first layer. */
export interface EmbeddingDescription {
  /** Turns input rows into d columns where they have others: before all else (OPT), or after the norm (ELECTRA). */
  readonly projection?: { readonly linear: LinearDescription; readonly place: "first" | "last" };
  /** Rows are multiplied by it (Gemma: √d). */
  readonly scale?: number;
  /** Learned positions: position p adds row p + `first`. */
  readonly positions?: { readonly tensor: string; readonly rows: number; readonly first: number };
  /** A table of token types, of which row 0 is added everywhere. */
  readonly tokenTypes?: { readonly tensor: string; readonly rows: number };
  readonly norm?: NormDescription;
}

/** Rotary position embedding. */
export interface RotaryDescription {
  /** How many leading columns of a head turn; even. */
  readonly dimension: number;
  /** Column i turns with column i + dimension / 2, or column 2i with the one after it. @default "halves" */
  readonly pairs?: "halves" | "neighbors";
  /**
   * Angles per position, [dimension / 2], for a sequence of this length (some scalings change beyond the length they
   * were trained at), and the factor on cosine and sine.
   */
  frequencies(length: number): { readonly inverse: Float32Array; readonly factor: number };
  /** The longest sequence that these angles make the model ready for, where the config gives the one before. */
  readonly contextLength?: number;
}

export interface LayerDescription {
  readonly attention: AttentionDescription;
  /** Attention to the encoder's states, after that of positions to each other. */
  readonly crossAttention?: CrossAttentionDescription;
  readonly feedForward: FeedForwardDescription;
  /** Attention and feed-forward both read the layer's input, and their outputs are added at once. @default false */
  readonly parallel?: boolean;
  /** Multiplies what attention and feed-forward add to the hidden state (Granite). @default 1 */
  readonly residualScale?: number;
  /** Norms of what a branch reads, of what it gives, and of the sum after it. Each is left out where there is none. */
  readonly norms: {
    readonly beforeAttention?: NormDescription;
    readonly afterAttention?: NormDescription;
    readonly afterAttentionSum?: NormDescription;
    readonly beforeCrossAttention?: NormDescription;
    readonly afterCrossAttentionSum?: NormDescription;
    readonly beforeFeedForward?: NormDescription;
    readonly afterFeedForward?: NormDescription;
    readonly afterFeedForwardSum?: NormDescription;
  };
}

export interface AttentionDescription {
  readonly heads: number;
  readonly keyValueHeads: number;
  /** Columns of a head's queries and keys. */
  readonly headWidth: number;
  /** Columns of a head's values. @default headWidth */
  readonly valueWidth?: number;
  readonly projection: ProjectionDescription;
  readonly output: LinearDescription;
  /** Queries and keys, once they are normalised, and values are cut to ±clamp (OLMo). */
  readonly clamp?: number;
  /** Of queries and keys: over each head's columns, or over all heads' columns at once. */
  readonly queryKeyNorm?: {
    readonly over: "head" | "all-heads";
    readonly query: NormDescription;
    readonly key: NormDescription;
    /** Once they have turned, rather than before. @default false */
    readonly turned?: boolean;
  };
  /** One of the description's `rotary`; none where positions are learned, biases or left out. */
  readonly rotary?: string;
  readonly alibi?: AlibiDescription;
  readonly relative?: RelativeDescription;
  readonly distanceBias?: DistanceBiasDescription;
  /** Learned scores, [heads], of a position without content that all see (gpt-oss): the tensor's name. */
  readonly sinks?: string;
  /** Multiplies the scores; usually 1 / √headWidth. */
  readonly scale: number;
  /** Scores become c · tanh(score / c). */
  readonly softCap?: number;
  /**
   * How far a position sees. Causal: itself and the `window` − 1 positions before it. Masked: `window` positions to
   * either side. @default without bound
   */
  readonly window?: number;
  /** A position sees those alone that stand in the same stretch of so many positions (Llama 4). @default without bound */
  readonly chunk?: number;
  readonly temperature?: TemperatureDescription;
}

/** Attention whose queries come from the hidden state, and keys and values from the states of the encoder. */
export interface CrossAttentionDescription {
  readonly heads: number;
  readonly query: LinearDescription;
  readonly key: LinearDescription;
  readonly value: LinearDescription;
  readonly output: LinearDescription;
  /** Multiplies the scores. */
  readonly scale: number;
}

/**
 * Queries are multiplied by 1 + `factor` · log(1 + ⌊(p + 1) / `every`⌋) at position p: attention stays sharp in long sequences (Llama 4).
 * @see https://arxiv.org/abs/2501.19399
 */
export interface TemperatureDescription {
  readonly every: number;
  readonly factor: number;
}

/** A score grows the later its key stands: by `factor` · slope · position, with a slope for each head (ALiBi). */
export interface AlibiDescription {
  readonly slopes: readonly number[];
  /** @default 1 */
  readonly factor?: number;
  /** Slopes and slope · position are rounded to bf16 (Falcon). @default false */
  readonly rounded?: boolean;
}

/**
 * Scores of how far a key stands from the query, besides those of what they hold (DeBERTa): the query with a row of a table, by
 * that distance, and the key with one. Both are multiplied by the attention's scale.
 */
export interface RelativeDescription {
  /** [2 · span × d] a row for each distance from −span to span − 1; greater ones take the last. */
  readonly table: { readonly tensor: string; readonly rows: number };
  readonly norm?: NormDescription;
  /** Rows of the table as keys, for queries; and as queries, for keys. */
  readonly keys?: LinearDescription;
  readonly queries?: LinearDescription;
  readonly span: number;
  /** Distances of more than half of `size` share rows, the more the greater they are, up to `longest`. */
  readonly buckets?: { readonly size: number; readonly longest: number };
}

/**
 * A learned number for each head is added to a score, by how far the key stands before the query (T5). Short distances have rows of
 * their own, greater ones share them, the more the greater they are, up to `longest`. In a masked model the second half of the rows
 * is for keys after the query.
 */
export interface DistanceBiasDescription {
  /** [rows × heads] */
  readonly table: { readonly tensor: string; readonly rows: number };
  readonly longest: number;
}

export type ProjectionDescription =
  | {
      readonly kind: "separate";
      readonly query: LinearDescription;
      readonly key: LinearDescription;
      readonly value: LinearDescription;
    }
  /**
   * One matrix for all three. `blocks`: all queries, all keys, all values. `per-key`: for one key head after another the queries
   * that see it, the key and its value.
   */
  | {
      readonly kind: "fused";
      readonly linear: LinearDescription;
      readonly order: "blocks" | "per-key";
      /** Biases of queries and values that are stored by themselves: the tensors' names. */
      readonly queryBias?: string;
      readonly valueBias?: string;
    }
  | LatentProjection;

/**
 * Keys and values come from a narrow latent state, besides columns that turn and that all heads share (DeepSeek's multi-head latent
 * attention). In a head the columns that do not turn are stored first; here those that turn come first, for queries and keys alike.
 */
export interface LatentProjection {
  readonly kind: "latent";
  /** Queries at once, or through a latent state of their own. */
  readonly query:
    | LinearDescription
    | {
        readonly down: LinearDescription;
        readonly norm: NormDescription;
        readonly up: LinearDescription;
      };
  /** d → the latent state, then the columns that turn. */
  readonly down: LinearDescription;
  readonly norm: NormDescription;
  /** The latent state → each head's columns of keys that do not turn, then its values. */
  readonly up: LinearDescription;
  /** Columns of a head that turn. */
  readonly turning: number;
}

export type FeedForwardDescription = DenseDescription | ExpertsDescription;

/** A feed-forward layer that all positions pass through. */
export type DenseDescription =
  | {
      readonly kind: "gated";
      readonly gate: LinearDescription;
      readonly up: LinearDescription;
      readonly down: LinearDescription;
      readonly activation: Activation;
    }
  /** Gate and up in one matrix. */
  | {
      readonly kind: "gated-fused";
      readonly gateUp: LinearDescription;
      readonly down: LinearDescription;
      readonly activation: Activation;
      /** `gate-first`: all of the gate, to which the activation applies, then all of up. `alternating`: column by column. @default "gate-first" */
      readonly order?: "gate-first" | "alternating";
      /** The gate is cut to at most it, up to ±limit, and up is one more than it says (gpt-oss). */
      readonly limit?: number;
    }
  | {
      readonly kind: "plain";
      readonly up: LinearDescription;
      readonly down: LinearDescription;
      readonly activation: Activation;
    };

/** A mixture of experts: each position passes through the few that a router chooses for it, and their outputs are summed by weight. */
export interface ExpertsDescription {
  readonly kind: "experts";
  readonly router: RouterDescription;
  /** All of one shape. */
  readonly experts: readonly DenseDescription[];
  /** What all positions pass through besides; `gate`, [d → 1], says by its sigmoid how much of it is added. */
  readonly shared?: { readonly layer: DenseDescription; readonly gate?: LinearDescription };
}

export interface RouterDescription {
  /** d → a score of each expert, before `scores` makes it positive. */
  readonly linear: LinearDescription;
  readonly scores: "softmax" | "sigmoid";
  /** Experts of a position. */
  readonly chosen: number;
  /** Added to the scores when experts are chosen, but not to what they weigh; [experts], the tensor's name and stored shape. */
  readonly correction?: { readonly tensor: string; readonly shape: readonly number[] };
  /** Experts are chosen from the `chosen` best of `count` groups; a group is as good as its best expert, or its best two. */
  readonly groups?: {
    readonly count: number;
    readonly chosen: number;
    readonly by: "best" | "best-two";
  };
  /** The scores of the chosen are divided by their sum. @default false */
  readonly normalized?: boolean;
  /** Multiplies the scores of the chosen. @default 1 */
  readonly scale?: number;
  /** Whether an expert's output is multiplied by its score, or what it reads (Llama 4). @default "output" */
  readonly weighs?: "input" | "output";
}

/** `quick-gelu`: x · sigmoid(1.702 x). `relu-squared`: max(x, 0)². */
export type Activation = "silu" | "gelu" | "gelu-tanh" | "quick-gelu" | "relu" | "relu-squared";

export interface NormDescription {
  readonly kind: "rms" | "layer";
  readonly width: number;
  readonly epsilon: number;
  /** The norm has no weight where this is left out. */
  readonly weight?: string;
  readonly bias?: string;
  /** The stored weight is w and 1 + w is meant (Gemma). @default false */
  readonly weightPlusOne?: boolean;
  /** As many norms of `width` columns side by side, whose weight is [groups × width]. @default one, of weight [width] */
  readonly groups?: number;
}

export interface LinearDescription {
  /** [outputs × inputs] or [inputs × outputs] */
  readonly weight: string;
  readonly bias?: string;
  readonly inputs: number;
  readonly outputs: number;
  /** [outputs × inputs] as torch's Linear stores it, or [inputs × outputs] as GPT-2's Conv1D does. @default "outputs-first" */
  readonly order?: "outputs-first" | "inputs-first";
  /** Weight and bias are number `index` of `count` that are stored in one tensor, one after another. */
  readonly slice?: TensorSlice;
}

/** One of the equal pieces that a tensor's first dimension numbers. */
export interface TensorSlice {
  readonly index: number;
  readonly count: number;
}

/** What stands between the last hidden state and the logits, besides the head's table and bias. */
export interface HeadDescription {
  /** Masked models and OPT: the hidden state is transformed before the table is applied. */
  readonly transform?: {
    readonly dense: LinearDescription;
    readonly activation?: Activation;
    readonly norm?: NormDescription;
  };
  /** Logits are multiplied by it. */
  readonly scale?: number;
  /** Logits become c · tanh(logit / c). */
  readonly softCap?: number;
}
