import { RevocabError } from "@revocab/core";
import { WORD_CUTS } from "../words-of-line.ts";
import type { MixCorpusOptions } from "./mix-corpus.ts";
import { MIXED_FORMS, type MixedForm } from "./mix-lines.ts";

/** The options in force. @throws RevocabError bad_options where they contradict each other or are not enough */
export function checkMixOptions(options: MixCorpusOptions) {
  const { parallel, text, targetText, dictionary, alignments } = options;
  const { share = 0.3, wordsInPiece = 3, words: cut = "unicode", seed = 0, maxLines } = options;
  const hasTexts = text !== undefined || targetText !== undefined;
  if (parallel === undefined && !hasTexts) {
    throw new RevocabError("bad_options", "neither parallel texts nor a text were given", {
      hint: "give parallel lines (en.txt:de.txt), or a text and a dictionary",
    });
  }
  if (parallel !== undefined && hasTexts) {
    throw new RevocabError("bad_options", "both parallel texts and a text of one language were given", {
      hint: "mix each by itself, and join the two files",
    });
  }
  if (parallel === undefined && alignments !== undefined) {
    throw new RevocabError(
      "bad_options",
      "alignments were given without the parallel texts that they align",
      {
        hint: "give the two texts too",
      },
    );
  }
  const canSwap = dictionary !== undefined || alignments !== undefined;
  if (parallel === undefined && !canSwap) {
    throw new RevocabError(
      "bad_options",
      "a text of one language was given without a dictionary, so nothing can be mixed into it",
      { hint: "give a dictionary (source TAB target), or parallel texts" },
    );
  }
  checkNumber("share", share, share >= 0 && share <= 1, "a number from 0 to 1");
  checkNumber(
    "wordsInPiece",
    wordsInPiece,
    Number.isInteger(wordsInPiece) && wordsInPiece >= 1,
    "a whole number from 1",
  );
  if (maxLines !== undefined) {
    checkNumber("maxLines", maxLines, Number.isInteger(maxLines) && maxLines >= 1, "a whole number from 1");
  }
  checkWord("words", cut, WORD_CUTS);
  const forms = options.forms ?? defaultForms(canSwap, parallel !== undefined);
  for (const form of forms) checkWord("forms", form, MIXED_FORMS);
  if (forms.length === 0)
    throw new RevocabError("bad_options", "forms is empty, so nothing would be written");
  checkForms(forms, canSwap, parallel !== undefined);
  return { forms, share, wordsInPiece, cut, seed };
}

function defaultForms(canSwap: boolean, isParallel: boolean): MixedForm[] {
  return [...(canSwap ? (["swapped"] as const) : []), ...(isParallel ? (["interleaved"] as const) : [])];
}

function checkForms(forms: readonly MixedForm[], canSwap: boolean, isParallel: boolean): void {
  if (forms.includes("swapped") && !canSwap) {
    throw new RevocabError("bad_options", "swapped lines were asked for without a dictionary or alignments", {
      hint: "give one of them, or ask for interleaved lines",
    });
  }
  const needsPair = forms.find((form) => form === "interleaved" || form === "joined");
  if (needsPair !== undefined && !isParallel) {
    throw new RevocabError("bad_options", `${needsPair} lines were asked for without parallel texts`, {
      hint: "give parallel texts, or ask for swapped lines",
    });
  }
}

function checkNumber(name: string, value: number, isAllowed: boolean, expected: string): void {
  if (isAllowed) return;
  throw new RevocabError("bad_options", `${name} is ${value}, expected ${expected}`);
}

function checkWord(name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new RevocabError("bad_options", `${name} is "${value}", expected ${allowed.join(", ")}`);
}
