import { RevocabError } from "@revocab/core";

export const TAKE_AGAIN =
  "take the file again from where it was published, or save it again with the tokenizers library";

/** A file that is no tokenizer, or one that contradicts itself. */
export function badTokenizer(
  origin: string,
  problem: string,
  options: { hint?: string; cause?: unknown } = {},
) {
  return new RevocabError("bad_tokenizer", `${origin}: ${problem}`, {
    hint: options.hint ?? TAKE_AGAIN,
    cause: options.cause,
  });
}
