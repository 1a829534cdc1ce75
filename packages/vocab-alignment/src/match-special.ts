import { SPECIAL_ROLES, type SpecialRole, type TokenId, type Vocabulary } from "@revocab/core";
import { isSameEntry } from "./is-same-entry.ts";

/** The source special for a target special, and how it was found. */
export interface SpecialMatch {
  readonly by: "role" | "string";
  readonly source: TokenId;
  /** The source id for the head row, where it is another one. */
  readonly headSource: TokenId;
}

/** At the output a special is a prediction, and the one that ends a text is the one that is trained there. */
const HEAD_ROLES: readonly SpecialRole[] = ["eos", ...SPECIAL_ROLES.filter((role) => role !== "eos")];

/**
 * Finds the source special that does the same job as a target special: by role first, by the same string second,
 * never by the bytes of ordinary text.
 *
 * A target special with several roles may meet several source tokens: GPT-2's `<|endoftext|>` is bos, eos and unk,
 * Llama has a token for each. The roles are then asked in a declared order, the first that the source has decides:
 * - input row: the order of `SPECIAL_ROLES`, bos first. At the input the token opens a text, and the row a text opens
 *   with carries the model's attention sink; eos is hardly ever read. (`stories260k` → GPT-2, sub-token mean: 3.15 bits
 *   per byte when texts open with the bos row, 3.31 with the eos row.)
 * - head row: eos first. At the output the token closes a text; a bos row was never a training target, so a model
 *   with it at the head would not stop.
 * A tied model has one row for both and takes the input's.
 *
 * A special that is the same entry in both vocabularies, with the same roles, is its own match whatever else shares them.
 */
export function matchSpecial(source: Vocabulary, target: Vocabulary, id: TokenId): SpecialMatch | undefined {
  const roles = target.rolesOf(id);
  if (isSameEntry(source, target, id) && haveEqualRoles(roles, source.rolesOf(id)))
    return { by: roles.length > 0 ? "role" : "string", source: id, headSource: id };

  const byRole = firstOfRoles(source, roles, SPECIAL_ROLES);
  if (byRole !== undefined) {
    return { by: "role", source: byRole, headSource: firstOfRoles(source, roles, HEAD_ROLES) ?? byRole };
  }
  const byString = source.idOfSpecial(target.tokenOf(id));
  return byString === undefined ? undefined : { by: "string", source: byString, headSource: byString };
}

function haveEqualRoles(roles: readonly SpecialRole[], others: readonly SpecialRole[]): boolean {
  return roles.length === others.length && roles.every((role) => others.includes(role));
}

function firstOfRoles(
  source: Vocabulary,
  roles: readonly SpecialRole[],
  order: readonly SpecialRole[],
): TokenId | undefined {
  for (const role of order) {
    const id = roles.includes(role) ? source.idOfRole(role) : undefined;
    if (id !== undefined) return id;
  }
  return undefined;
}
