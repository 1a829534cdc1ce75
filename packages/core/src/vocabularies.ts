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
  /**
   * All text and byte tokens that stand for exactly these bytes: those that texts are written with first. Added tokens come before the
   * model's, as they are found before it runs, then text before byte, then the lowest id.
   */
  idsOf(bytes: Uint8Array): readonly TokenId[];
  /** The special token written exactly so. */
  idOfSpecial(token: string): TokenId | undefined;
  /**
   * This vocabulary's own pieces for exactly these bytes, by its own model (merges, Viterbi, longest match), with no
   * normaliser, pre-tokeniser or dummy prefix. `undefined` when some byte cannot be spelled; never unk.
   */
  spell(bytes: Uint8Array): Uint32Array | undefined;
}

/**
 * How a target token was matched to a source token; {@link Alignment.match} holds places in this list:
 * - `none`: no source token is the same;
 * - `bytes`: both stand for the same bytes;
 * - `role`: both are specials with the same role;
 * - `string`: both are specials written the same.
 */
export const MATCHES = ["none", "bytes", "role", "string"] as const;
export type Match = (typeof MATCHES)[number];

/** How a target vocabulary relates to a source vocabulary. */
export interface Alignment {
  /** [V_t] the source id that is the same token, or −1. */
  readonly sourceOf: Int32Array;
  /** [V_t] indices into {@link MATCHES}. */
  readonly match: Uint8Array;
  /**
   * Target specials whose head row comes from another source token than `sourceOf` says: GPT-2's one special opens a
   * text at the input (Llama's bos) and closes it at the output (Llama's eos).
   * @default no such token
   */
  readonly headSourceOf?: ReadonlyMap<TokenId, TokenId>;
  /**
   * The source tokens that spell target token t: `pieces[pieceOffsets[t] … pieceOffsets[t + 1])`.
   * Filled for text and byte tokens that are not matched; empty where the source cannot spell the bytes.
   */
  readonly pieceOffsets: Uint32Array;
  readonly pieces: Uint32Array;
  readonly counts: AlignmentCounts;
  /**
   * True when the target is the source with entries added or renamed: rows without a token, holes and padding, stay.
   * @default decided by comparing the entries
   */
  readonly extendsSource?: boolean;
}

/** Every target id falls in exactly one of the first six counts. */
export interface AlignmentCounts {
  /** Text and byte tokens with a source token of the same bytes. */
  readonly shared: number;
  /** Specials matched by role. */
  readonly specialByRole: number;
  /** Specials matched by string. */
  readonly specialByString: number;
  /** Not shared, spelled in two or more source tokens, at least one of them not a byte token. */
  readonly spelled: number;
  /** Not shared, spelled in byte tokens alone. */
  readonly byteOnly: number;
  /** Neither matched nor spelled: specials that the source lacks, text that it cannot spell. */
  readonly withoutEvidence: readonly TokenId[];
  /** Holes and other ids the tokenizer never produces. */
  readonly unused: number;
  /** Ids that share their bytes with a lower or preferred id, per vocabulary. */
  readonly duplicates: { readonly source: number; readonly target: number };
}
