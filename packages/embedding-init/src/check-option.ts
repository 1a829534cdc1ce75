import { RevocabError } from "@revocab/core";

/** @throws RevocabError bad_options, naming the option, unless it is a finite number for which the claim holds */
export function checkOption(name: string, value: number, isAllowed: boolean, expected: string): void {
  if (Number.isFinite(value) && isAllowed) return;
  throw new RevocabError("bad_options", `${name} is ${value}, expected ${expected}`);
}
