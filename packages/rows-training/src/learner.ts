import { type Adam, openAdam } from "./adam.ts";
import { keptShares, type Occurrences } from "./kept-shares.ts";
import type { RowTable } from "./row-table.ts";

/** A table that learns: once for both roles where a model is tied. */
export interface Learner {
  readonly slot: "input" | "output";
  readonly table: RowTable;
  /** [R × d] its rows before they learned. */
  readonly start: Float32Array;
  /** [R] For each row the share of its movement that is kept. */
  readonly kept: Float32Array;
  readonly gradient: Float32Array;
  readonly adam: Adam;
  /** The typical value of its rows, by which the rate is measured. */
  readonly typical: number;
  /** The longest row that a row may become, where both roles share it. */
  readonly bound: number;
}

/**
 * @param isTied whether the table has both roles
 * @param occurrences of tokens in the text that is trained on
 */
export function learnerOf(
  slot: Learner["slot"],
  table: RowTable,
  isTied: boolean,
  occurrences: Occurrences,
): Learner {
  const { ids, learning, fixed, columns } = table;
  const all = [learning, fixed];
  const square = all.reduce((sum, values) => values.reduce((s, value) => s + value * value, sum), 0);
  const typical = Math.sqrt(square / Math.max(1, learning.length + fixed.length));
  return {
    slot,
    table,
    start: learning.slice(),
    kept: keptShares(ids, occurrences),
    gradient: new Float32Array(learning.length),
    adam: openAdam(learning.length),
    typical,
    bound: isTied ? Math.max(...all.map((values) => longestRow(values, columns))) : Number.POSITIVE_INFINITY,
  };
}

/** [R × d] The rows as they are written: between where they began and where they are. */
export function keptRows({
  table: { learning, columns },
  start,
  kept,
}: Pick<Learner, "table" | "start" | "kept">): Float32Array {
  return learning.map((value, i) => {
    const began = start[i] as number;
    return began + (kept[Math.floor(i / columns)] as number) * (value - began);
  });
}

function longestRow(values: Float32Array, columns: number): number {
  let longest = 0;
  for (let at = 0; at < values.length; at += columns)
    longest = Math.max(longest, lengthAt(values, at, columns));
  return longest;
}

function lengthAt(values: Float32Array, at: number, columns: number): number {
  let square = 0;
  for (let i = at; i < at + columns; i++) square += values[i] * values[i];
  return Math.sqrt(square);
}

/** Rows beyond a length are scaled back to it. */
export function shorten({ learning, columns }: RowTable, bound: number): void {
  for (let at = 0; at < learning.length; at += columns) {
    const length = lengthAt(learning, at, columns);
    if (length <= bound) continue;
    for (let i = at; i < at + columns; i++) learning[i] *= bound / length;
  }
}
