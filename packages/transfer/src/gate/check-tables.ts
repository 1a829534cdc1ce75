import { createHash } from "node:crypto";
import { openCheckpoint, type VerifiedTable, verifyCheckpoint } from "@revocab/checkpoint";
import { BYTES_PER_VALUE, type StoredMatrix, showNotes, throwIfAborted } from "@revocab/core";
import { mixtureRow } from "@revocab/matrix";
import { type SwapPlan, tokenizerOf } from "@revocab/plan";
import { sourceOf } from "@revocab/plan/internal";
import type { GateReport } from "@revocab/report";
import { quoteToken } from "@revocab/vocabulary/internal";
import { type GateCheck, type GateOptions, gateFailed } from "./gate-check.ts";

/**
 * Reads all weights back: names, shapes and dtypes, NaN and infinity, and new rows of zeros, which fail unless
 * `allowZeroRows`. Copied rows of zeros, equal rows and rows of unusual length are notes.
 * @throws RevocabError `gate_failed`
 */
export async function checkTables({
  directory,
  weights,
  plan,
  model,
  allowZeroRows = false,
  job,
}: GateOptions): Promise<Pick<GateReport, "notes" | "tables"> & { readonly check: GateCheck }> {
  const { vocabulary } = tokenizerOf(plan.target);
  const { tables } = await verifyCheckpoint(directory, {
    ...model.tensorOptions,
    weights,
    source: model.checkpoint,
    rows: plan.target.rows,
    untie: plan.recipe.untie,
    isLeftOut: (row) => row >= vocabulary.size || vocabulary.kindOf(row) === "unused",
    job,
  });
  const label = (id: number) => `${id} ${quoteToken(vocabulary, id)}`;
  const checked = tables.map((table) => ({ table, newZeroRows: newZeroRows(plan, table) }));
  const failed = allowZeroRows ? undefined : checked.find(({ newZeroRows }) => newZeroRows.length > 0);
  if (failed !== undefined) {
    const { table, newZeroRows } = failed;
    throw gateFailed(
      `${table.slot} has ${newZeroRows.length} new rows of zeros, such as ${newZeroRows.slice(0, 3).map(label).join(", ")}`,
      { hint: "choose another method or fallback; `allowZeroRows` lets them pass" },
    );
  }
  const shapes = tables.map(({ slot, rows, columns, dtype }) => `${slot} ${rows} × ${columns} ${dtype}`);
  return {
    check: {
      name: "weights",
      detail: `${shapes.join(", ")}: no NaN, no infinity; all other tensors of the same names, dtypes and shapes`,
    },
    notes: showNotes(checked.flatMap(({ table, newZeroRows }) => notesOn(table, newZeroRows.length, label))),
    tables,
  };
}

/** A copied row of zeros is none: many models are trained with a pad row of zeros. */
function newZeroRows(plan: SwapPlan, { slot, zeroRows }: VerifiedTable): readonly number[] {
  const mixture = plan.tables.find((table) => table.slot === slot)?.mixture;
  return zeroRows.filter((row) => mixture === undefined || copiedFrom(plan, mixture, row) === undefined);
}

/** The source row that a row is copied from, byte for byte; undefined for every other row. */
function copiedFrom(
  { source }: SwapPlan,
  mixture: SwapPlan["tables"][number]["mixture"],
  row: number,
): number | undefined {
  const { sources, weights } = mixtureRow(mixture, row);
  const [only] = sources;
  return sources.length === 1 && weights[0] === 1 && only! < source.rows ? only : undefined;
}

function notesOn(
  { slot, zeroRows, identical, norms }: VerifiedTable,
  newZeros: number,
  label: (id: number) => string,
): string[] {
  const notes: string[] = [];
  const copiedZeros = zeroRows.length - newZeros;
  if (copiedZeros > 0) notes.push(`${slot} table: ${copiedZeros} rows are zeros, as they are in the source`);
  if (newZeros > 0) notes.push(`${slot} table: ${newZeros} new rows are zeros, as was allowed`);
  if (identical.count > 0) {
    const [largest = []] = identical.groups;
    notes.push(
      `${slot} table: ${identical.count} rows equal an earlier row, so the model cannot tell their tokens apart; the largest group has ${largest.length}, such as ${largest.slice(0, 3).map(label).join(", ")}`,
    );
  }
  if (norms.outliers.length > 0) {
    notes.push(
      `${slot} table: ${norms.count} rows are unusually long or short (the median length is ${norms.median.toPrecision(3)}), such as ${norms.outliers
        .slice(0, 3)
        .map(({ row, norm }) => `${label(row)} (${norm.toPrecision(3)})`)
        .join(", ")}`,
    );
  }
  return notes;
}

/**
 * Reads the copied rows back and compares their sha256 with that of the source's rows, table by table: an edit of a
 * vocabulary must not change the rows that it keeps.
 * @throws RevocabError `gate_failed`, `aborted`
 */
export async function checkMovedRows({
  directory,
  weights,
  plan,
  model,
  job,
}: Pick<GateOptions, "directory" | "weights" | "plan" | "model" | "job">): Promise<GateCheck> {
  const written = await openCheckpoint(directory, { ...model.tensorOptions, weights });
  const details: string[] = [];
  try {
    for (const { slot, mixture } of plan.tables) {
      const now = written.tables.find((table) => table.slot === slot)?.matrix;
      if (now === undefined) throw gateFailed(`the table ${slot} was not written`);
      const before = hashOfRows(sourceOf(model, slot));
      const after = hashOfRows(now);
      let moved = 0;
      for (let row = 0; row < now.rows; ) {
        const source = copiedFrom(plan, mixture, row);
        let count = 1;
        if (source !== undefined) {
          const isNext = () =>
            row + count < now.rows && copiedFrom(plan, mixture, row + count) === source + count;
          while (count < ROWS_PER_READ && isNext()) count++;
          throwIfAborted(job?.abortSignal);
          await before.add(source, count);
          await after.add(row, count);
          moved += count;
        }
        row += count;
      }
      const [expected, found] = [before.digest(), after.digest()];
      if (found !== expected) {
        throw gateFailed(
          `${moved} rows of ${slot} were to move as bytes, but their sha256 is ${found.slice(0, 12)} and was ${expected.slice(0, 12)}`,
        );
      }
      details.push(`${slot} ${moved} of sha256 ${expected.slice(0, 12)}`);
    }
  } finally {
    await written.close();
  }
  return { name: "moved rows", detail: `${details.join(", ")}: the bytes that they were` };
}

/** Kept rows in their old order are read together; a row of a large model has 16 kB. */
const ROWS_PER_READ = 512;

function hashOfRows(matrix: StoredMatrix) {
  const hash = createHash("sha256");
  const rowBytes = matrix.columns * BYTES_PER_VALUE[matrix.dtype];
  const block = new Uint8Array(ROWS_PER_READ * rowBytes);
  return {
    async add(start: number, count: number) {
      const rows = block.subarray(0, count * rowBytes);
      await matrix.readRows(start, count, rows);
      hash.update(rows);
    },
    digest: () => hash.digest("hex"),
  };
}
