import { type VerifiedTable, verifyCheckpoint } from "@revocab/checkpoint";
import { type Job, showNotes } from "@revocab/core";
import { mixtureRow } from "@revocab/matrix";
import type { OpenModel, SwapPlan } from "@revocab/plan";
import type { GateReport } from "@revocab/report";
import { displayToken } from "@revocab/vocabulary";
import type { ReportedEdit } from "../swap/make-report.ts";
import { checkMovedRows } from "./check-moved-rows.ts";
import { checkWrittenIds } from "./check-written-ids.ts";
import { checkWrittenTokenizer } from "./check-written-tokenizer.ts";
import { gateFailed } from "./gate-failed.ts";

export interface GateOptions {
  /** The written folder. */
  readonly directory: string;
  readonly plan: SwapPlan;
  readonly model: OpenModel;
  /** What was done to the model's own tokenizer, where the target is that. */
  readonly edit: ReportedEdit | undefined;
  readonly allowZeroRows: boolean;
  readonly job?: Job;
}

/**
 * Opens a written model folder as a stranger would and checks it against the plan.
 *
 * @throws RevocabError `gate_failed`
 */
export async function checkGate(options: GateOptions): Promise<GateReport> {
  const { directory, plan, model, edit, allowZeroRows, job } = options;
  const { vocabulary } = plan.target.tokenizer;
  const { tables } = await verifyCheckpoint(directory, {
    ...model.tensorOptions,
    source: model.checkpoint,
    rows: plan.target.rows,
    untie: plan.recipe.untie,
    isLeftOut: (row) => row >= vocabulary.size || vocabulary.kindOf(row) === "unused",
    job,
  });
  const label = (id: number) => `${id} "${displayToken(vocabulary, id)}"`;
  const made = tables.map(({ slot, zeroRows }) => zeroRows.filter((id) => !isCopied(plan, slot, id)));
  if (!allowZeroRows) refuseZeroRows(tables, made, label);
  return {
    checks: [
      {
        name: "weights",
        detail: `${tables.map(({ slot, rows, columns, dtype }) => `${slot} ${rows} × ${columns} ${dtype}`).join(", ")}: no NaN, no infinity; all other tensors of the same names, dtypes and shapes`,
      },
      ...(await checkWrittenTokenizer({ directory, plan, source: model.tokenizer, edit })),
      await checkWrittenIds({
        directory,
        modelType: model.checkpoint.modelType,
        rows: plan.target.rows,
        source: model.checkpoint,
      }),
      ...(edit === undefined ? [] : [await checkMovedRows({ ...options })]),
    ],
    notes: showNotes(tables.flatMap((table, i) => notesOn(table, (made[i] as number[]).length, label))),
    tables,
  };
}

/** A source row of zeros may stay one: many models are trained with a pad row of zeros. */
function isCopied({ source, tables }: SwapPlan, slot: string, id: number): boolean {
  const mixture = tables.find((table) => table.slot === slot)?.mixture;
  if (!mixture) return false;
  const { sources, weights } = mixtureRow(mixture, id);
  return sources.length === 1 && weights[0] === 1 && (sources[0] as number) < source.rows;
}

function refuseZeroRows(
  tables: readonly VerifiedTable[],
  made: readonly (readonly number[])[],
  label: (id: number) => string,
): void {
  for (const [i, { slot }] of tables.entries()) {
    const rows = made[i] ?? [];
    if (rows.length === 0) continue;
    throw gateFailed(
      `${slot} has ${rows.length} new rows of zeros, such as ${rows.slice(0, 3).map(label).join(", ")}`,
      "choose another method or fallback; `allowZeroRows` lets them pass",
    );
  }
}

function notesOn(
  { slot, zeroRows, identical, norms }: VerifiedTable,
  madeZero: number,
  label: (id: number) => string,
): string[] {
  const notes: string[] = [];
  const copiedZero = zeroRows.length - madeZero;
  if (copiedZero > 0) notes.push(`${slot}: ${copiedZero} rows of zeros, copied from rows of zeros`);
  if (madeZero > 0) notes.push(`${slot}: ${madeZero} new rows of zeros, as allowed`);
  if (identical.count > 0) {
    const [largest = []] = identical.groups;
    notes.push(
      `${slot}: ${identical.count} rows equal an earlier row; the largest group has ${largest.length}, such as ${largest.slice(0, 3).map(label).join(", ")}`,
    );
  }
  if (norms.outliers.length > 0) {
    notes.push(
      `${slot}: ${norms.count} rows are unusually long or short beside the median ${norms.median.toPrecision(3)}, such as ${norms.outliers
        .slice(0, 3)
        .map(({ row, norm }) => `${label(row)} (${norm.toPrecision(3)})`)
        .join(", ")}`,
    );
  }
  return notes;
}
