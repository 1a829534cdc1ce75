import type { TokenizerDocument } from "../byte-level/tokenizer-document.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { parseJson } from "../tokenizer-json/parse-json.ts";

/** A token that is found in a text before the model runs, with how it is found, as {@link NewAddedToken} takes it. */
export interface AddedToken {
  readonly content: string;
  readonly special: boolean;
  readonly singleWord: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
}

/** The added tokens of a tokenizer, in the order of its file. */
export function addedTokensOf({ files, origin }: Tokenizer): AddedToken[] {
  const { added_tokens: added } = parseJson(files.get("tokenizer.json")!, origin) as TokenizerDocument;
  return (added ?? []).map(({ content, special, single_word, lstrip, rstrip, normalized }) => ({
    content,
    special: special === true,
    singleWord: single_word === true,
    lstrip: lstrip === true,
    rstrip: rstrip === true,
    normalized: normalized === true,
  }));
}
