import { RevocabError, type TokenId } from "@revocab/core";
import { frameTokens } from "@revocab/vocabulary";
import type { TextTokenizer } from "./encode-documents.ts";

/** Whether something stands before each document: `auto` is what the tokenizer itself puts there. */
export type BeginChoice = "auto" | "always" | "never";

/**
 * What stands before each document as context: what the tokenizer's post-processor puts before a text, as AutoTokenizer does.
 * With `always`, a tokenizer that adds nothing gives its BOS: GPT-2's `<|endoftext|>` is what it saw before each document in
 * training, though nothing adds it.
 * @throws RevocabError `bad_options` for `always` where there is none
 */
export function beginTokenOf(
  { vocabulary, origin, frame }: TextTokenizer,
  choice: BeginChoice,
): readonly TokenId[] {
  if (choice === "never") return [];
  const added = frame === undefined ? undefined : frameTokens(frame).before;
  const bos = vocabulary.idOfRole("bos");
  const byRole = bos === undefined ? [] : [bos];
  if (choice === "auto") return added ?? byRole;
  const begin = added === undefined || added.length === 0 ? byRole : added;
  if (begin.length > 0) return begin;
  throw new RevocabError(
    "bad_options",
    `${origin}: a BOS is asked for, but the tokenizer has no token of that role`,
  );
}
