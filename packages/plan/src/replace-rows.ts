import { type Matrix, type Mixture, RevocabError, type RowSource, type TablePlan } from "@revocab/core";
import { MixtureBuilder, mixtureRow } from "@revocab/matrix";
import { sourceOf, tablePlan } from "./check-fit.ts";
import type { OpenModel } from "./model/open-model.ts";
import type { PlannedSwap } from "./swap-plan.ts";

/** Rows that take the place of those of a plan. */
export interface ReplacingRows {
  /** Row numbers, ascending. */
  readonly ids: Uint32Array;
  /** [ids × d]; they are written in the dtype of their table. */
  readonly rows: Matrix;
}

/**
 * The plan with these rows in the place of its own: dense rows of the given origin. All other rows stay what they are, copies
 * included. The new row source takes over the old one and closes it.
 *
 * @param replacing by slot; a table that is not in it stays
 * @param origin what the plan says of these rows: `healed`
 * @throws RevocabError `shape_mismatch` for rows that the table does not have, or of another width; `apply_mismatch` for a
 *   table that the plan does not have
 */
export function replaceRows(
  { plan, rowSource }: PlannedSwap,
  model: OpenModel,
  replacing: ReadonlyMap<string, ReplacingRows>,
  origin: string,
): PlannedSwap {
  const replaced = new Map<string, ReplacedTable>();
  for (const [slot, rows] of replacing) {
    const table = tablePlan(plan, slot);
    requireRowsOf(slot, rows, { rows: plan.target.rows, columns: sourceOf(model, slot).columns });
    replaced.set(slot, replaceInTable(table, rows, origin));
  }
  return {
    plan: { ...plan, tables: plan.tables.map((table) => replaced.get(table.slot)?.table ?? table) },
    rowSource: {
      read(slot, start, count) {
        const table = replaced.get(slot);
        return table === undefined
          ? rowSource.read(slot, start, count)
          : readRuns(table.runs, rowSource, slot, { start, count, columns: table.table.dense.columns });
      },
      close: () => rowSource.close(),
    },
  };
}

function requireRowsOf(
  slot: string,
  { ids, rows }: ReplacingRows,
  table: { readonly rows: number; readonly columns: number },
): void {
  const fail = (what: string) => {
    throw new RevocabError("shape_mismatch", `rows were given for ${slot} ${what}`, {
      hint: "give a row for each id, in the shape of the table that the plan was made for",
    });
  };
  if (rows.columns !== table.columns) fail(`with ${rows.columns} columns; it has ${table.columns}`);
  if (rows.rows !== ids.length) fail(`as ${rows.rows} rows of ${ids.length} ids`);
  const falling = ids.findIndex((id, i) => i > 0 && id <= (ids[i - 1] as number));
  if (falling >= 0) fail(`whose ids do not ascend: ${ids[falling - 1]}, ${ids[falling]}`);
  const last = ids.at(-1) ?? 0;
  if (last >= table.rows) fail(`with the id ${last}; it has rows 0 … ${table.rows - 1}`);
}

interface ReplacedTable {
  readonly table: TablePlan;
  readonly runs: readonly DenseRun[];
}

/** Dense rows that follow one another both in the new table and in what they are read from. */
interface DenseRun {
  /** The first of them among the dense rows of the new table. */
  readonly start: number;
  readonly count: number;
  /** The replacing rows; undefined for rows that the old row source has. */
  readonly from: Matrix | undefined;
  /** The first of them there. */
  readonly place: number;
}

function replaceInTable(table: TablePlan, { ids, rows }: ReplacingRows, name: string): ReplacedTable {
  const isReplaced = new Uint8Array(table.origin.length);
  for (const id of ids) isReplaced[id] = 1;
  const merged = mergeDense(table.dense.ids, ids, rows, isReplaced);
  // a plan that was healed before has the origin already
  const known = table.origins.indexOf(name);
  const index = known < 0 ? table.origins.length : known;
  return {
    table: {
      ...table,
      mixture: withoutRows(table.mixture, isReplaced),
      dense: { ids: merged.ids, columns: rows.columns },
      origin: table.origin.map((own, row) => (isReplaced[row] === 1 ? index : own)),
      origins: known < 0 ? [...table.origins, name] : table.origins,
    },
    runs: merged.runs,
  };
}

/** Old dense rows that are not replaced, and the replacing ones, in the order of their ids. */
function mergeDense(
  old: Uint32Array,
  replacing: Uint32Array,
  rows: Matrix,
  isReplaced: Uint8Array,
): { readonly ids: Uint32Array; readonly runs: readonly DenseRun[] } {
  const kept = Array.from(old, (id, place) => ({ id, place, from: undefined })).filter(
    ({ id }) => isReplaced[id] === 0,
  );
  const given = Array.from(replacing, (id, place) => ({ id, place, from: rows }));
  const merged = [...kept, ...given].sort((a, b) => a.id - b.id);
  const runs: DenseRun[] = [];
  for (const [start, { place, from }] of merged.entries()) {
    const last = runs.at(-1);
    if (last !== undefined && last.from === from && last.place + last.count === place) {
      runs[runs.length - 1] = { ...last, count: last.count + 1 };
    } else runs.push({ start, count: 1, from, place });
  }
  return { ids: Uint32Array.from(merged, ({ id }) => id), runs };
}

/** Dense rows `start … start + count` of a table → [count × d] */
async function readRuns(
  runs: readonly DenseRun[],
  old: RowSource,
  slot: string,
  { start, count, columns }: { readonly start: number; readonly count: number; readonly columns: number },
): Promise<Matrix> {
  const data = new Float32Array(count * columns);
  for (const run of runs) {
    const first = Math.max(start, run.start);
    const rows = Math.min(start + count, run.start + run.count) - first;
    if (rows <= 0) continue;
    const place = run.place + first - run.start;
    const values =
      run.from?.data.subarray(place * columns, (place + rows) * columns) ??
      (await old.read(slot, place, rows)).data;
    data.set(values, (first - start) * columns);
  }
  return { rows: count, columns, data };
}

function withoutRows(mixture: Mixture, isLeftOut: Uint8Array): Mixture {
  const builder = new MixtureBuilder();
  for (let row = 0; row < mixture.offsets.length - 1; row++) {
    if (isLeftOut[row] === 1) {
      builder.addEmpty();
      continue;
    }
    const { sources, weights } = mixtureRow(mixture, row);
    builder.addRow(sources, weights);
  }
  return builder.build();
}
