import type { TokenId } from "./vocabularies.ts";

/**
 * How a target token was matched to a source token, in the order the codes stand for:
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
  /** Not shared, spelled in two or more source tokens of which at least one is no byte token. */
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
