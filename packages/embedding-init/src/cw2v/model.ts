import type { LearnedMixture } from "./learned-mixture.ts";

/** Where the rows of one side of a pair come from: a token both vocabularies have keeps its row in the same table. */
export interface PairSide {
  readonly mixture: LearnedMixture;
  /** Its place in `mixture.tables`. */
  readonly table: number;
}

/** The tokens of a text that take part, by their number. */
export interface Participants {
  /** [participants] target ids, ascending. */
  readonly tokens: Uint32Array;
  /** [participants] the source token that is the same, or −1 for a new token. */
  readonly sources: Int32Array;
  /** [participants] the row of A₁ of a new token, or −1. */
  readonly newRows: Int32Array;
  /** [n] target ids by row of A₁. */
  readonly newTokens: Uint32Array;
}

/** What is trained: one mixture for both sides of a pair, or two. */
export interface Cw2vModel {
  readonly participants: Participants;
  /** The input's first. */
  readonly mixtures: readonly LearnedMixture[];
  /** W: the input table. */
  readonly center: PairSide;
  /** V: the head, which in a tied model is the input table too. */
  readonly context: PairSide;
}
