import { type LanguageModel, RevocabError } from "@revocab/core";

/** @throws RevocabError `context_too_long` beyond what the model was made for, `bad_options` below `least` */
export function checkContext(context: number, least: number, { contextLength }: LanguageModel): void {
  if (Number.isInteger(context) && context >= least && context <= contextLength) return;
  throw new RevocabError(
    context > contextLength ? "context_too_long" : "bad_options",
    `the context is ${context} tokens, expected a whole number between ${least} and the model's ${contextLength}`,
    { hint: "leave the context out for the longest that is useful, or choose a shorter one" },
  );
}
