/**
 * A transformer as data: which tensors do what, in which order. A family reads a config and says this; the graph
 * builder knows nothing of families. Widths are numbers of columns; names are full tensor names.
 */
export interface TransformerDescription {
  /** `causal`: each position sees itself and those before. `masked`: all see all. */
  readonly kind: "causal" | "masked";
  /** d: columns of an input row and of a final hidden state. */
  readonly width: number;
  /** The longest sequence the model was made for. */
  readonly contextLength: number;
  readonly embedding: EmbeddingDescription;
  /** Rotary embeddings by the name that layers call them by. */
  readonly rotary: Readonly<Record<string, RotaryDescription>>;
  readonly layers: readonly LayerDescription[];
  readonly finalNorm?: NormDescription;
  readonly head: HeadDescription;
}

/** What happens to the rows of the input table before the first layer. */
export interface EmbeddingDescription {
  /** Rows are multiplied by it (Gemma: √d). */
  readonly scale?: number;
  /** Learned positions: position p adds row p + `first`. */
  readonly positions?: { readonly tensor: string; readonly rows: number; readonly first: number };
  /** A table of token types, of which row 0 is added everywhere. */
  readonly tokenTypes?: { readonly tensor: string; readonly rows: number };
  readonly norm?: NormDescription;
}

/** Rotary position embedding of the half-split kind: column i turns with column i + dimension / 2. */
export interface RotaryDescription {
  /** How many leading columns of a head turn; even. */
  readonly dimension: number;
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
  readonly feedForward: FeedForwardDescription;
  /** Attention and feed-forward both read the layer's input, and their outputs are added at once. @default false */
  readonly parallel?: boolean;
  /** Norms of what a branch reads, of what it gives, and of the sum after it. Each is left out where there is none. */
  readonly norms: {
    readonly beforeAttention?: NormDescription;
    readonly afterAttention?: NormDescription;
    readonly afterAttentionSum?: NormDescription;
    readonly beforeFeedForward?: NormDescription;
    readonly afterFeedForward?: NormDescription;
    readonly afterFeedForwardSum?: NormDescription;
  };
}

export interface AttentionDescription {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headWidth: number;
  readonly projection: ProjectionDescription;
  readonly output: LinearDescription;
  /** Of queries and keys before they turn: over each head's columns, or over all heads' columns at once. */
  readonly queryKeyNorm?: {
    readonly over: "head" | "all-heads";
    readonly query: NormDescription;
    readonly key: NormDescription;
  };
  /** One of the description's `rotary`; none where positions are learned or left out. */
  readonly rotary?: string;
  /** Multiplies the scores; usually 1 / √headWidth. */
  readonly scale: number;
  /** Scores become c · tanh(score / c). */
  readonly softCap?: number;
  /**
   * How far a position sees. Causal: itself and the `window` − 1 positions before it. Masked: `window` positions to
   * either side. @default without bound
   */
  readonly window?: number;
}

export type ProjectionDescription =
  | {
      readonly kind: "separate";
      readonly query: LinearDescription;
      readonly key: LinearDescription;
      readonly value: LinearDescription;
    }
  /** One matrix for all three. `blocks`: all queries, all keys, all values. `per-head`: q, k, v of one head after another. */
  | { readonly kind: "fused"; readonly linear: LinearDescription; readonly order: "blocks" | "per-head" };

export type FeedForwardDescription =
  | {
      readonly kind: "gated";
      readonly gate: LinearDescription;
      readonly up: LinearDescription;
      readonly down: LinearDescription;
      readonly activation: Activation;
    }
  /** Gate and up in one matrix, the gated half (to which the activation applies) first. */
  | {
      readonly kind: "gated-fused";
      readonly gateUp: LinearDescription;
      readonly down: LinearDescription;
      readonly activation: Activation;
    }
  | {
      readonly kind: "plain";
      readonly up: LinearDescription;
      readonly down: LinearDescription;
      readonly activation: Activation;
    };

export type Activation = "silu" | "gelu" | "gelu-tanh" | "relu";

export interface NormDescription {
  readonly kind: "rms" | "layer";
  readonly width: number;
  readonly epsilon: number;
  /** The norm has no weight where this is left out. */
  readonly weight?: string;
  readonly bias?: string;
  /** The stored weight is w and 1 + w is meant (Gemma). @default false */
  readonly weightPlusOne?: boolean;
}

export interface LinearDescription {
  readonly weight: string;
  readonly bias?: string;
  readonly inputs: number;
  readonly outputs: number;
  /** [outputs × inputs] as torch's Linear stores it, or [inputs × outputs] as GPT-2's Conv1D does. @default "outputs-first" */
  readonly order?: "outputs-first" | "inputs-first";
}

/** What stands between the last hidden state and the logits, besides the head's table and bias. */
export interface HeadDescription {
  /** Masked models: the hidden state is transformed before the table is applied. */
  readonly transform?: {
    readonly dense: LinearDescription;
    readonly activation: Activation;
    readonly norm: NormDescription;
  };
  /** Logits are multiplied by it. */
  readonly scale?: number;
  /** Logits become c · tanh(logit / c). */
  readonly softCap?: number;
}
