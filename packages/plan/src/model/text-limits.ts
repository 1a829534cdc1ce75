import type { SpecialRole, TokenId, Vocabulary } from "@revocab/core";

/** Where a text of a language model begins and ends, and which tokens it is made of. */
export interface TextLimits {
  /** The token that opens a text, or, without one, all that a text may begin with. */
  readonly openings: readonly TokenId[];
  /** Whether what a text was opened with is a part of it. */
  readonly keepsOpening: boolean;
  readonly ends: ReadonlySet<TokenId>;
  /** Text, and tokens that end it. */
  readonly isAllowed: (token: TokenId) => boolean;
}

/** Where there is no token that opens a text, one that ends it does: texts stand one after the other when a model is trained. */
const OPENING_ROLES: readonly SpecialRole[] = ["bos", "eos"];
/** Some models write the next text's opening where a text has ended. */
const END_ROLES: readonly SpecialRole[] = ["eos", "sep", "pad", "bos"];

export function textLimits(vocabulary: Vocabulary): TextLimits {
  const ends = new Set(END_ROLES.flatMap((role) => vocabulary.idOfRole(role) ?? []));
  const texts = Array.from({ length: vocabulary.size }, (_, id) => id).filter((id) =>
    /^(text|byte)$/.test(vocabulary.kindOf(id)),
  );
  // asked for every token at every step
  const allowed = new Uint8Array(vocabulary.size);
  for (const id of [...texts, ...ends]) allowed[id] = 1;
  const opening = OPENING_ROLES.map((role) => vocabulary.idOfRole(role)).find((id) => id !== undefined);
  return {
    openings: opening === undefined ? texts : [opening],
    keepsOpening: opening === undefined,
    ends,
    isAllowed: (id) => allowed[id] === 1,
  };
}
