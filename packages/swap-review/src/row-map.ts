import type { Job, Matrix, StoredMatrix, TokenId } from "@revocab/core";
import { principalComponents, randomStream, readRows } from "@revocab/matrix";
import type { RowGroup, RowGroups } from "./row-groups.ts";

/** Rows of a table as points on a plane: along the two directions in which the new rows differ most. */
export interface RowMap {
  /** Of the variance of the new rows, how much is along each direction, 0 … 1. */
  readonly shares: readonly [number, number];
  /** Rows that were drawn, of those that belong to tokens. */
  readonly sampled: number;
  readonly of: number;
  readonly seed: number;
  readonly series: readonly RowSeries[];
}

export interface RowSeries {
  /** `source`: rows of the source model, on the same plane. */
  readonly name: RowGroup | "source";
  readonly ids: readonly TokenId[];
  /** [ids] */
  readonly x: readonly number[];
  readonly y: readonly number[];
}

export interface RowMapOptions {
  /** Undefined without the source model. */
  readonly before: MappedTable | undefined;
  readonly after: MappedTable;
  readonly groups: RowGroups;
  readonly seed: number;
  /** Rows of each table. */
  readonly most: number;
  readonly job?: Job;
}

export interface MappedTable {
  readonly matrix: StoredMatrix;
  readonly isUsed: (row: number) => boolean;
}

/** Undefined where fewer than three rows belong to tokens, or rows have one column. */
export async function rowMap({
  before,
  after,
  groups,
  seed,
  most,
  job,
}: RowMapOptions): Promise<RowMap | undefined> {
  const { columns } = after.matrix;
  const used = usedRows(after);
  const ids = sampleOf(used, mostOf(columns, most), seed);
  if (ids.length < 3 || columns < 2) return undefined;
  const sample = await readRows(after.matrix, ids, job);
  const { mean, directions, shares } = await principalComponents(sample, 2, job);
  const place = (matrix: Matrix, row: number) =>
    directions.map((direction) => rounded(along(direction, mean, matrix, row)));
  const series = new Map<RowSeries["name"], { ids: TokenId[]; x: number[]; y: number[] }>();
  const add = (name: RowSeries["name"], id: TokenId, [x, y]: readonly number[]) => {
    const found = series.get(name) ?? { ids: [], x: [], y: [] };
    series.set(name, found);
    found.ids.push(id);
    found.x.push(x);
    found.y.push(y);
  };
  if (before !== undefined) {
    const old = sampleOf(usedRows(before), mostOf(columns, most), seed);
    const matrix = await readRows(before.matrix, old, job);
    for (const [row, id] of old.entries()) add("source", id, place(matrix, row));
  }
  for (const [row, id] of ids.entries()) {
    add(groups.of(id), id, place(sample, row));
  }
  return {
    shares: [shares[0], shares[1]],
    sampled: ids.length,
    of: used.length,
    seed,
    series: [...series].map(([name, points]) => ({ name, ...points })),
  };
}

/** The covariance costs rows × columns² multiply-adds: half a minute of them is enough. */
const MOST_PRODUCTS = 4e10;

function mostOf(columns: number, most: number): number {
  return Math.min(most, Math.max(1000, Math.floor(MOST_PRODUCTS / columns ** 2)));
}

function usedRows({ matrix, isUsed }: MappedTable): number[] {
  return Array.from({ length: matrix.rows }, (_, row) => row).filter(isUsed);
}

/** Ascending. A row's chance depends on the seed and its number alone, so that a larger sample has a smaller one in it. */
export function sampleOf(rows: readonly number[], most: number, seed: number): number[] {
  if (rows.length <= most) return [...rows];
  return rows
    .map((row) => ({ row, draw: randomStream(seed, row).uniform() }))
    .sort((a, b) => a.draw - b.draw || a.row - b.row)
    .slice(0, most)
    .map(({ row }) => row)
    .sort((a, b) => a - b);
}

function along(direction: Float64Array, mean: Float64Array, { columns, data }: Matrix, row: number): number {
  let sum = 0;
  for (let j = 0, at = row * columns; j < columns; j++, at++) sum += direction[j] * (data[at] - mean[j]);
  return sum;
}

/** Four digits: a page with 40,000 points is 400 kB smaller, and no eye sees the fifth. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
