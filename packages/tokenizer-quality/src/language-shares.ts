import type { Vocabulary } from "@revocab/core";
import { type ClassifiedTokens, NO_CLASS, TOKEN_CLASSES } from "./classify-tokens.ts";

/** Tokens of one script's letters that are words of lists. */
export interface LanguageShares {
  /** Tokens that are a word of some list. */
  readonly known: number;
  /** Tokens of two letters or more that are in no list. */
  readonly unknown: number;
  /** Of each list: its part of the known tokens. A token that is in n lists counts 1/n for each. */
  readonly tokens: readonly number[];
}

/**
 * Guesses which languages a vocabulary was made for: by the lists that have its tokens as words, case aside (Qtok's language table).
 *
 * Qtok takes its lists from Wikipedias. Here the caller gives them. So shares tell of these languages alone, and depend on the lengths of the
 * lists; without lists only scripts are told.
 * @see https://arxiv.org/abs/2410.12989
 */
export function languageShares(
  vocabulary: Vocabulary,
  { classes }: ClassifiedTokens,
  lists: readonly (readonly string[])[],
): LanguageShares {
  const listsOf = new Map<string, number[]>();
  for (const [place, words] of lists.entries()) {
    for (const word of new Set(words.map((one) => one.toLowerCase()))) {
      const having = listsOf.get(word);
      if (having === undefined) listsOf.set(word, [place]);
      else having.push(place);
    }
  }
  const tokens = lists.map(() => 0);
  let known = 0;
  let unknown = 0;
  for (const [id, place] of classes.entries()) {
    if (place === NO_CLASS || !WORDLIKE.has(TOKEN_CLASSES[place])) continue;
    const having = listsOf.get(Buffer.from(vocabulary.bytesOf(id)).toString().trim().toLowerCase());
    if (having === undefined) unknown++;
    else known++;
    for (const list of having ?? []) tokens[list] += 1 / having!.length;
  }
  return { known, unknown, tokens };
}

const WORDLIKE: ReadonlySet<string> = new Set(["spaced-alpha", "inner-alpha"]);
