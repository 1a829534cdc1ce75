import type { Alignment, TokenId, Vocabulary } from "@revocab/core";

/** The target's text and byte tokens that source tokens spell, by what they are spelled with. */
export interface FirstPieces {
  /** The source tokens that spell a target token; a shared token is its own one piece; none for a special. */
  piecesOf(token: TokenId): Uint32Array;
  /** For each first piece, the target tokens that begin with it, in the order of their ids. */
  readonly groups: ReadonlyMap<TokenId, readonly TokenId[]>;
}

export function firstPieces({ sourceOf, pieceOffsets, pieces }: Alignment, target: Vocabulary): FirstPieces {
  const piecesOf = (token: TokenId) => {
    const kind = target.kindOf(token);
    if (kind !== "text" && kind !== "byte") return NO_PIECES;
    if (sourceOf[token] >= 0) return Uint32Array.of(sourceOf[token]);
    return pieces.subarray(pieceOffsets[token], pieceOffsets[token + 1]);
  };
  const groups = new Map<TokenId, TokenId[]>();
  for (let token = 0; token < target.size; token++) {
    const [first] = piecesOf(token);
    if (first === undefined) continue;
    const group = groups.get(first);
    if (group === undefined) groups.set(first, [token]);
    else group.push(token);
  }
  return { piecesOf, groups };
}

const NO_PIECES = new Uint32Array(0);
