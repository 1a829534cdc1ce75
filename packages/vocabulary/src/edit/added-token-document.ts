import type { AddedTokenDocument } from "../byte-level/tokenizer-document.ts";
import type { NewAddedToken } from "./new-entries.ts";

/**
 * An added token as tokenizer.json has it.
 * @param old the entry of the same id, whose settings hold where no others are given
 */
export function addedTokenDocument(
  token: NewAddedToken,
  id: number,
  old: Partial<AddedTokenDocument> = {},
): AddedTokenDocument {
  const { content, special = true } = token;
  return {
    id,
    content,
    single_word: token.singleWord ?? old.single_word ?? false,
    lstrip: token.lstrip ?? old.lstrip ?? false,
    rstrip: token.rstrip ?? old.rstrip ?? false,
    normalized: token.normalized ?? !special,
    special,
  };
}
