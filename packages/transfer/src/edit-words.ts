import type { EditRecipe, TextRecord } from "./edit-recipe.ts";
import { NO_WORD } from "./no-word.ts";
import type { Recipe } from "./swap-plan.ts";

/**
 * The words of a command that edits a vocabulary as a recipe says: `revocab prune` where nothing is added and the rows are
 * asked for in no way of their own, else `revocab extend`.
 * @param how the words for how new rows are made
 */
export function editWords(
  edit: EditRecipe,
  model: string,
  { untie, role, padToMultipleOf, rows }: Recipe,
  how: readonly string[],
): readonly string[] {
  const { learn, tokens, pieces, addedTokens, renames = [], renamedRows, eos, prune } = edit;
  const adds =
    learn !== null ||
    tokens !== null ||
    eos !== undefined ||
    pieces.length + addedTokens.length + renames.length > 0;
  const isPlain = !untie && role === null && padToMultipleOf === null && rows === null;
  if (!adds && isPlain) return ["revocab", "prune", model, ...pruneWords(prune)];
  return [
    ["revocab", "extend", model],
    tokens === null ? [] : ["--tokens", `./${tokens.name}`, ...(tokens.asWritten ? ["--as-written"] : [])],
    // the command line takes pieces from a file alone
    pieces.length > 0 ? [NO_WORD] : [],
    addedTokens.length === 0 ? [] : ["--special", ...addedTokens.map(specialWord)],
    renames.length === 0 ? [] : ["--rename", ...renames.map(({ from, to }) => quotedWord(`${from}=${to}`))],
    renamedRows === "make" ? ["--renamed-rows", "make"] : [],
    eos === undefined ? [] : ["--eos", quotedWord(eos)],
    learnWords(learn),
    edit.skipRefused ? ["--skip-refused"] : [],
    pruneWords(prune),
    how,
  ].flat();
}

function learnWords(learn: EditRecipe["learn"]): readonly string[] {
  if (learn === null) return [];
  const { text, count, minimumCount, spare } = learn;
  return [
    "--learn",
    textWord(text),
    "--add",
    String(count),
    ...(spare === null ? [] : ["--spare", textWord(spare)]),
    ...(minimumCount === null ? [] : [NO_WORD]),
  ];
}

function pruneWords(prune: EditRecipe["prune"]): readonly string[] {
  if (prune === null) return [];
  const { keepFor, keep, atMost, keepIds } = prune;
  return [
    "--keep-for",
    keepFor === null || keep.length > 0 ? NO_WORD : textWord(keepFor),
    ...(atMost === null ? [] : ["--keep", String(atMost)]),
    ...(keepIds ? ["--keep-ids"] : []),
  ];
}

function textWord({ name }: TextRecord): string {
  return name === null ? NO_WORD : `./${name}`;
}

/** Settings of their own need a file. */
function specialWord(token: EditRecipe["addedTokens"][number]): string {
  return typeof token === "string" ? quotedWord(token) : NO_WORD;
}

/** In quotes, as control tokens are seldom without signs of a shell. */
export function quotedWord(token: string): string {
  return token.startsWith("-") ? NO_WORD : `'${token}'`;
}
