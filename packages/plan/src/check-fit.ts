import { BYTES_PER_VALUE, RevocabError, type StoredMatrix, type TablePlan } from "@revocab/core";
import { fingerprint } from "@revocab/vocabulary";
import type { OpenModel } from "./model/open-model.ts";
import type { SwapPlan } from "./swap-plan.ts";

/**
 * Requires that the model has the vocabulary, the rows and the tables that the plan was made for.
 *
 * @throws RevocabError `apply_mismatch`
 */
export function checkFit(plan: SwapPlan, model: OpenModel): void {
  const { checkpoint, tokenizer, name } = model;
  const mark = fingerprint(tokenizer.vocabulary);
  const hint = `apply the plan to ${plan.source.name} or a fine-tune of it, or make a new plan for this model`;
  if (mark !== plan.source.fingerprint) {
    throw new RevocabError(
      "apply_mismatch",
      `the plan was made for the vocabulary ${plan.source.fingerprint.slice(0, 12)}, but ${name} has the vocabulary ${mark.slice(0, 12)}`,
      { hint },
    );
  }
  if (checkpoint.rows !== plan.source.rows || checkpoint.tied !== plan.source.tied) {
    const describe = (rows: number, tied: boolean) =>
      `${rows} rows and ${tied ? "a tied head" : "a head of its own"}`;
    throw new RevocabError(
      "apply_mismatch",
      `the plan was made for a model with ${describe(plan.source.rows, plan.source.tied)}, but ${name} has ${describe(checkpoint.rows, checkpoint.tied)}`,
      { hint },
    );
  }
  for (const { slot } of checkpoint.tables) tablePlan(plan, slot);
  for (const { slot, basis, dense } of plan.tables) {
    const { columns } = sourceOf(model, slot);
    const widths = [
      ...(basis.rows > 0 ? [basis.columns] : []),
      ...(dense.ids.length > 0 ? [dense.columns] : []),
    ];
    const wrong = widths.find((width) => width !== columns);
    if (wrong === undefined) continue;
    throw new RevocabError(
      "apply_mismatch",
      `the plan holds rows of ${wrong} columns for ${slot}, but in ${name} it has ${columns}`,
      { hint },
    );
  }
}

/** The source rows of a table; a head that untying adds has those of the input. */
export function sourceOf({ checkpoint }: OpenModel, slot: string): StoredMatrix {
  const table =
    checkpoint.tables.find((candidate) => candidate.slot === slot) ??
    checkpoint.tables.find(({ slot }) => slot === "input");
  if (!table) throw new RevocabError("unsupported_checkpoint", "the model has no input embeddings");
  return table.matrix;
}

/** @throws RevocabError `apply_mismatch` when the plan has no rows for the table */
export function tablePlan(plan: SwapPlan, slot: string): TablePlan {
  const found = plan.tables.find((table) => table.slot === slot);
  if (!found) {
    throw new RevocabError(
      "apply_mismatch",
      `the plan has rows for ${plan.tables.map((table) => table.slot).join(", ")}, but the model also needs ${slot}`,
      { hint: "make a new plan for this model" },
    );
  }
  return found;
}

/** Parameters before and after. Copies of a table are counted once, a tied head included. */
export function countParameters(
  plan: SwapPlan,
  { checkpoint }: OpenModel,
): { readonly before: number; readonly after: number } {
  const copies = new Set(
    checkpoint.tables.flatMap(({ tensors }) => tensors.slice(1).map(({ entry }) => entry.name)),
  );
  let before = 0;
  for (const { tensors } of checkpoint.files) {
    for (const { name, shape } of tensors) if (!copies.has(name)) before += shape.reduce((a, b) => a * b, 1);
  }
  const columns = new Map(checkpoint.tables.map(({ slot, matrix }) => [slot, matrix.columns]));
  const width = (slot: string) => columns.get(slot) ?? columns.get("input") ?? 0;
  const old = checkpoint.tables.reduce((sum, { matrix }) => sum + matrix.rows * matrix.columns, 0);
  const now = plan.tables.reduce((sum, { slot }) => sum + plan.target.rows * width(slot), 0);
  return { before, after: before - old + now };
}

/** Bytes of the tables with a row per token; a tied head is counted once. */
export function countTableBytes(
  plan: SwapPlan,
  model: OpenModel,
): { readonly before: number; readonly after: number } {
  const bytes = ({ columns, dtype }: StoredMatrix, rows: number) => rows * columns * BYTES_PER_VALUE[dtype];
  return {
    before: model.checkpoint.tables.reduce((sum, { matrix }) => sum + bytes(matrix, matrix.rows), 0),
    after: plan.tables.reduce((sum, { slot }) => sum + bytes(sourceOf(model, slot), plan.target.rows), 0),
  };
}
