import { quote, RevocabError } from "@revocab/core";

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
type PieceType = NonNullable<(typeof PIECE_TYPES)[number]>;

/** `TrainerSpec.ModelType`, by its number. */
export const ALGORITHMS = [undefined, "unigram", "bpe", "word", "char"] as const;
type Algorithm = NonNullable<(typeof ALGORITHMS)[number]>;

export interface Piece {
  readonly text: string;
  /** Log probability (Unigram) or minus the merge's rank (BPE), a 32-bit float. */
  readonly score: number;
  readonly type: PieceType;
}

/** The fields of `TrainerSpec` that affect encoding. */
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

/**
 * Refuses models that the SentencePiece program refuses to load, and those that a tokenizer.json cannot express.
 *
 * @throws RevocabError `bad_tokenizer` for empty or duplicate pieces, for not exactly one unknown piece, and for byte pieces
 *   that contradict byte fallback; `unsupported_tokenizer` for WORD and CHAR models
 */
export function checkModel({ pieces, trainer }: ModelProto): void {
  if (trainer.algorithm === "word" || trainer.algorithm === "char") {
    throw new RevocabError(
      "unsupported_tokenizer",
      `the SentencePiece model is of type ${trainer.algorithm.toUpperCase()}, expected BPE or UNIGRAM`,
      { hint: "train the SentencePiece model again with --model_type=bpe or --model_type=unigram" },
    );
  }
  checkTexts(pieces);
  const unknown = pieces.filter(({ type }) => type === "unknown");
  if (unknown.length !== 1) {
    throw bad(`${unknown.length} pieces are of type UNKNOWN, expected exactly one`);
  }
  checkBytePieces(pieces, trainer.byteFallback);
}

function checkTexts(pieces: readonly Piece[]): void {
  const idOf = new Map<string, number>();
  for (const [id, { text }] of pieces.entries()) {
    if (text === "") throw bad(`piece ${id} is empty`);
    const earlier = idOf.get(text);
    if (earlier !== undefined) throw bad(`pieces ${earlier} and ${id} are both ${quote(text)}`);
    idOf.set(text, id);
  }
}

function checkBytePieces(pieces: readonly Piece[], byteFallback: boolean): void {
  const bytePieces = pieces.filter(({ type }) => type === "byte");
  const invalid = bytePieces.find(({ text }) => !/^<0x[0-9A-F]{2}>$/.test(text));
  if (invalid !== undefined) {
    throw bad(`the byte piece ${quote(invalid.text)} is not written <0xHH>`);
  }
  const expected = byteFallback ? 256 : 0;
  if (bytePieces.length !== expected) {
    const state = byteFallback ? "on" : "off";
    throw bad(
      `byte_fallback is ${state} and ${bytePieces.length} byte pieces were found, expected ${expected}`,
    );
  }
}

function bad(found: string): RevocabError {
  return new RevocabError("bad_tokenizer", `the SentencePiece model cannot be used: ${found}`, {
    hint: "SentencePiece refuses such a file too; take it from its source again, or train it again",
  });
}
