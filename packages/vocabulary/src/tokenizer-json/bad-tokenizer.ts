import { RevocabError } from "@revocab/core";

/** A file that is no tokenizer, or one that contradicts itself. */
export function badTokenizer(
  origin: string,
  problem: string,
  options: { hint?: string; cause?: unknown } = {},
) {
  return new RevocabError("bad_tokenizer", `${origin}: ${problem}`, {
    hint:
      options.hint ??
      "take the file again from where it was published, or save it again with the tokenizers library",
    cause: options.cause,
  });
}
