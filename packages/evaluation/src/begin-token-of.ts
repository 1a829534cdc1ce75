import { RevocabError, type TokenId } from "@revocab/core";
import type { TextTokenizer } from "./encode-documents.ts";

/** Whether the BOS stands before each document: `auto` if the tokenizer has one. */
export type BeginChoice = "auto" | "always" | "never";

/**
 * What stands before each document as context: the BOS, or nothing. A tokenizer has one if its files give a token that
 * role, whether or not its library would add it by itself: GPT-2's `<|endoftext|>` is what it saw before each document
 * in training, though nothing adds it. Qwen2 names none.
 * @throws RevocabError `bad_options` for `always` where there is none
 */
export function beginTokenOf({ vocabulary, origin }: TextTokenizer, choice: BeginChoice): readonly TokenId[] {
  const id = choice === "never" ? undefined : vocabulary.idOfRole("bos");
  if (choice === "always" && id === undefined) {
    throw new RevocabError(
      "bad_options",
      `${origin}: a BOS is asked for, but the tokenizer has no token of that role`,
    );
  }
  return id === undefined ? [] : [id];
}
