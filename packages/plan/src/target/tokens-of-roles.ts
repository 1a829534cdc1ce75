import { SPECIAL_ROLES } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";
import type { TemplateTokens } from "./render-chat.ts";

/** The special tokens that a chat template may name by their roles. */
export function tokensOfRoles({ vocabulary }: Tokenizer): TemplateTokens {
  return Object.fromEntries(
    SPECIAL_ROLES.flatMap((role) => {
      const id = vocabulary.idOfRole(role);
      return id === undefined ? [] : [[`${role}_token`, vocabulary.tokenOf(id)]];
    }),
  );
}
