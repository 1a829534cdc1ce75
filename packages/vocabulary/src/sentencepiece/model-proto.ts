/** `ModelProto.SentencePiece.Type`, by its number. */
export const PIECE_TYPES = [
  undefined,
  "normal",
  "unknown",
  "control",
  "userDefined",
  "unused",
  "byte",
] as const;
export type PieceType = NonNullable<(typeof PIECE_TYPES)[number]>;

/** `TrainerSpec.ModelType`, by its number. */
export const ALGORITHMS = [undefined, "unigram", "bpe", "word", "char"] as const;
export type Algorithm = NonNullable<(typeof ALGORITHMS)[number]>;

export interface Piece {
  readonly text: string;
  /** Log probability (Unigram) or minus the merge's rank (BPE), a 32-bit float. */
  readonly score: number;
  readonly type: PieceType;
}

/** The fields of `TrainerSpec` that change what the model does to a text. */
export interface TrainerSpec {
  algorithm: Algorithm;
  whitespaceIsSuffix: boolean;
  byteFallback: boolean;
  unkPiece: string;
  bosPiece: string;
  eosPiece: string;
  padPiece: string;
}

export interface NormalizerSpec {
  /** Empty for the identity. */
  charsmap: Uint8Array;
  addDummyPrefix: boolean;
  removeExtraWhitespaces: boolean;
  escapeWhitespaces: boolean;
}

export interface ModelProto {
  readonly pieces: readonly Piece[];
  readonly trainer: Readonly<TrainerSpec>;
  readonly normalizer: Readonly<NormalizerSpec>;
  readonly denormalizer: Readonly<NormalizerSpec>;
}
