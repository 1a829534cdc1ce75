import type { Alignment, TokenId } from "@revocab/core";

/**
 * What a row's token is in the source's vocabulary:
 * - `shared`: a token there, too, by its bytes, its role or its string;
 * - `spelled`: written there in several tokens;
 * - `other`: neither.
 */
export type RowGroup = "shared" | "spelled" | "other";

export interface RowGroups {
  /** Those that there can be; none where the source's vocabulary is not known. */
  readonly names: readonly RowGroup[];
  of(row: TokenId): RowGroup;
}

/** @param alignment undefined where the source's vocabulary is not known: all rows are `other` */
export function rowGroups(alignment: Alignment | undefined): RowGroups {
  if (alignment === undefined) return { names: [], of: () => "other" };
  const { sourceOf, pieceOffsets } = alignment;
  return {
    names: ["shared", "spelled", "other"],
    of(row) {
      if (row >= sourceOf.length) return "other";
      if (sourceOf[row] >= 0) return "shared";
      return pieceOffsets[row + 1] > pieceOffsets[row] ? "spelled" : "other";
    },
  };
}
