export type TokenId = number;

/**
 * - `text`: stands for its bytes in ordinary text (they may be an incomplete UTF-8 sequence);
 * - `byte`: a byte-fallback token such as `<0x0A>`;
 * - `special`: a control token, matched by role or by its own string, never by the bytes of ordinary text;
 * - `unused`: a hole in the numbering, or a row the tokenizer never produces.
 */
export type TokenKind = "text" | "byte" | "special" | "unused";

/** The roles that a special token may play, as configs of tokenizers name them. */
export const SPECIAL_ROLES = ["bos", "eos", "pad", "unk", "mask", "sep", "cls"] as const;
export type SpecialRole = (typeof SPECIAL_ROLES)[number];

/** What a tokenizer's entries are, free of the marks each family writes them with (Ġ ▁ ## <0x0A>). */
export interface Vocabulary {
  /** Highest id + 1, holes included. */
  readonly size: number;
  kindOf(id: TokenId): TokenKind;
  /** The roles an id plays; GPT-2's one special token is bos, eos and unk at once. */
  rolesOf(id: TokenId): readonly SpecialRole[];
  idOfRole(role: SpecialRole): TokenId | undefined;
  /** The UTF-8 bytes the token stands for in text; for a special, the bytes of its string; for a hole, none. */
  bytesOf(id: TokenId): Uint8Array;
  /** The token as the tokenizer file writes it, marks included; "" for a hole. */
  tokenOf(id: TokenId): string;
  /** All text and byte tokens that stand for exactly these bytes: text before byte, lowest id first. */
  idsOf(bytes: Uint8Array): readonly TokenId[];
  /** The special token written exactly so. */
  idOfSpecial(token: string): TokenId | undefined;
  /**
   * This vocabulary's own pieces for exactly these bytes, by its own model (merges, Viterbi, longest match), with no
   * normaliser, pre-tokeniser or dummy prefix. `undefined` when some byte cannot be spelled; never unk.
   */
  spell(bytes: Uint8Array): Uint32Array | undefined;
}
