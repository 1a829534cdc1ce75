import type { StateWidths } from "../graph/part.ts";
import type { BatchStates, LayerRunner } from "./layer-runner.ts";

/** Where the states of a batch stand in its array: one after another, [rows × columns] each. */
export interface Layout {
  /** Columns of all states together. */
  readonly columns: number;
  /** Columns before each state. */
  readonly before: Readonly<Record<string, number>>;
}

/** @param width columns of an input row */
export function layoutOf({ parts }: LayerRunner, width: number): Layout {
  const widths: Record<string, number> = { hidden: width };
  for (const { part } of parts) {
    for (const [name, columns] of Object.entries(part.gives)) {
      widths[name] = Math.max(widths[name] ?? 0, columns);
    }
  }
  const before: Record<string, number> = {};
  let columns = 0;
  for (const [name, own] of Object.entries(widths)) {
    before[name] = columns;
    columns += own;
  }
  return { columns, before };
}

/** Those of a batch of so many rows, where they stand. */
export function statesOf(
  numbers: Float32Array,
  rows: number,
  widths: StateWidths,
  { before }: Layout,
): BatchStates {
  return Object.fromEntries(
    Object.entries(widths).map(([name, columns]) => {
      const start = rows * before[name];
      return [name, numbers.subarray(start, start + rows * columns)] as const;
    }),
  );
}
