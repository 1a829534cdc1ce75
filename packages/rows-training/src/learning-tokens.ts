import { RevocabError, type ScoreQuery, type TokenId } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";
import type { RowsOfTables, TrainRowsOptions } from "./train-rows-options.ts";
import type { TrainingText } from "./training-text.ts";

/**
 * Of all rows those that have a token.
 * @throws RevocabError `bad_options` for rows that the tables do not have, and where no row of the head is left
 */
export function learningTokens(
  { learn = "text", frozen, tables, tokenizer }: TrainRowsOptions,
  { queries }: TrainingText,
): RowsOfTables {
  const all = learn === "all" ? tokensWithRows(tokenizer) : learn === "text" ? tokensOf(queries) : learn;
  const { rows } = tables.output;
  const beyond = [...all].find((id) => !(Number.isInteger(id) && id >= 0 && id < rows));
  if (beyond !== undefined) {
    throw new RevocabError(
      "bad_options",
      `the row ${beyond} is to learn, but the tables have the rows 0 … ${rows - 1}`,
      { hint: "give in `learn` ids of the tokenizer that belongs to the tables" },
    );
  }
  const without = (kept: ReadonlySet<TokenId> | undefined) =>
    kept === undefined ? all : new Set([...all].filter((id) => !kept.has(id)));
  const learning = { input: without(frozen?.input), output: without(frozen?.output) };
  if (learning.output.size > 0) return learning;
  throw new RevocabError(
    "bad_options",
    `found no row of the head that would learn: all of the ${all.size} that were chosen are to stay as they are`,
    { hint: "give a text with new tokens, or let rows of other tokens learn, too" },
  );
}

function tokensWithRows({ vocabulary }: Tokenizer): ReadonlySet<TokenId> {
  const ids = Array.from({ length: vocabulary.size }, (_, id) => id);
  return new Set(ids.filter((id) => vocabulary.kindOf(id) !== "unused"));
}

export function tokensOf(queries: readonly ScoreQuery[]): Set<TokenId> {
  const found = new Set<TokenId>();
  for (const { tokens, targets } of queries) {
    for (const token of tokens) found.add(token);
    for (const token of targets) found.add(token);
  }
  return found;
}
