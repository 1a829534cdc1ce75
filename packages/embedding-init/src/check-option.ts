import { RevocabError } from "@revocab/core";

/** @throws RevocabError bad_options, naming the option, unless it is a finite number for which the claim holds */
export function checkOption(name: string, value: number, isAllowed: boolean, expected: string): void {
  if (Number.isFinite(value) && isAllowed) return;
  throw new RevocabError("bad_options", `${name} is ${value}, expected ${expected}`);
}

/** @throws RevocabError bad_options, naming the option, unless the word is one of those allowed */
export function checkWord(name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new RevocabError("bad_options", `${name} is "${value}", expected ${allowed.join(" or ")}`);
}
