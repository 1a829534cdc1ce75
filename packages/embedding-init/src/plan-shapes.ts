import { RevocabError } from "@revocab/core";
import type { PlanTableOptions } from "./plan-table.ts";

/** The target id of each row of the plan; ids from the vocabulary's size on are padding. */
export function tokensOfPlan({ context, tokens, rows }: PlanTableOptions): Uint32Array {
  return tokens ?? Uint32Array.from({ length: rows ?? context.target.vocabulary.size }, (_, id) => id);
}

/** @throws RevocabError shape_mismatch or bad_options when tables, vocabularies and options do not fit together */
export function checkPlanShapes({ context, table, tokens, rows, blockRows = 1 }: PlanTableOptions): void {
  const { source, target, alignment } = context;
  if (!source.tables.includes(table)) {
    throw new RevocabError("bad_options", `the table ${table.slot} is none of the context's tables`, {
      hint: "pass one of context.source.tables",
    });
  }
  if (table.matrix.rows < source.vocabulary.size) {
    throw new RevocabError(
      "shape_mismatch",
      `${table.slot} has ${table.matrix.rows} rows but the source vocabulary has ${source.vocabulary.size} tokens`,
      { hint: "load both from the same model folder" },
    );
  }
  if (alignment.sourceOf.length !== target.vocabulary.size) {
    throw new RevocabError(
      "shape_mismatch",
      `the alignment is for ${alignment.sourceOf.length} tokens but the target vocabulary has ${target.vocabulary.size}`,
      { hint: "align the same two vocabularies" },
    );
  }
  if (tokens !== undefined && rows !== undefined) {
    throw new RevocabError(
      "bad_options",
      "both tokens and rows were given; rows is for a plan of all tokens",
    );
  }
  if (rows !== undefined && !(Number.isSafeInteger(rows) && rows >= target.vocabulary.size)) {
    throw new RevocabError(
      "shape_mismatch",
      `${rows} rows were asked for but the target vocabulary has ${target.vocabulary.size} tokens`,
    );
  }
  const beyond = tokens?.find((token) => token >= target.vocabulary.size);
  if (beyond !== undefined) {
    throw new RevocabError(
      "bad_options",
      `token ${beyond} was asked for but the target vocabulary ends at ${target.vocabulary.size - 1}`,
    );
  }
  if (!(Number.isSafeInteger(blockRows) && blockRows > 0)) {
    throw new RevocabError("bad_options", `blockRows is ${blockRows}, expected an integer above 0`);
  }
}
