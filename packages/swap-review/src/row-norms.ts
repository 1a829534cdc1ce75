import type { Alignment } from "@revocab/core";
import type { RowScan } from "@revocab/matrix";
import { type RowGroup, rowGroups } from "./row-groups.ts";

/** Lengths of the rows of a table before and after a swap. */
export interface RowNorms {
  /** Of the source's rows; null without the source model. */
  readonly before: Quantiles | null;
  readonly after: Quantiles;
  /** Of the new rows, by what their tokens are in the source's vocabulary. */
  readonly byGroup: Readonly<Partial<Record<RowGroup, Quantiles>>>;
  /** How many rows have a norm within each of equal intervals. */
  readonly histogram: {
    /** [intervals + 1] their ends, the lowest first. */
    readonly ends: readonly number[];
    readonly before: readonly number[] | null;
    readonly after: readonly number[];
  };
}

/** Of some rows. */
export interface Quantiles {
  readonly count: number;
  readonly least: number;
  /** A hundredth of the rows is shorter. */
  readonly hundredth: number;
  readonly quarter: number;
  readonly median: number;
  readonly threeQuarters: number;
  /** A hundredth of the rows is longer. */
  readonly lastHundredth: number;
  readonly most: number;
}

/** Rows that belong to no token do not count. */
export interface TableRows {
  readonly scan: Pick<RowScan, "squaredNorms">;
  readonly isUsed: (row: number) => boolean;
}

/** @param alignment of the vocabularies; undefined without the source model */
export function rowNorms(
  before: TableRows | undefined,
  after: TableRows,
  alignment: Alignment | undefined,
): RowNorms {
  const old = before && normsOf(before, () => true);
  const made = normsOf(after, () => true);
  const least = Math.min(...[old, made].map((norms) => norms?.[0] ?? Number.POSITIVE_INFINITY));
  const most = Math.max(...[old, made].map((norms) => norms?.at(-1) ?? 0));
  const ends = Array.from({ length: INTERVALS + 1 }, (_, i) => least + ((most - least) * i) / INTERVALS);
  const groups = rowGroups(alignment);
  return {
    before: old === undefined ? null : quantilesOf(old),
    after: quantilesOf(made),
    byGroup: Object.fromEntries(
      groups.names.flatMap((name) => {
        const norms = normsOf(after, (row) => groups.of(row) === name);
        return norms.length === 0 ? [] : [[name, quantilesOf(norms)]];
      }),
    ),
    histogram: {
      ends,
      before: old === undefined ? null : countWithin(old, ends),
      after: countWithin(made, ends),
    },
  };
}

const INTERVALS = 24;

/** The shortest first. */
function normsOf({ scan, isUsed }: TableRows, isWanted: (row: number) => boolean): Float64Array {
  const norms = scan.squaredNorms.filter((_, row) => isUsed(row) && isWanted(row));
  return norms.map(Math.sqrt).sort();
}

/** @param norms ascending, at least one */
function quantilesOf(norms: Float64Array): Quantiles {
  const at = (share: number) => norms[Math.round(share * (norms.length - 1))] ?? 0;
  return {
    count: norms.length,
    least: at(0),
    hundredth: at(0.01),
    quarter: at(0.25),
    median: at(0.5),
    threeQuarters: at(0.75),
    lastHundredth: at(0.99),
    most: at(1),
  };
}

function countWithin(norms: Float64Array, ends: readonly number[]): number[] {
  const counts = new Array<number>(INTERVALS).fill(0);
  const [least, width] = [ends[0], ends[1] - ends[0]];
  for (const norm of norms) {
    const place = width === 0 ? 0 : Math.floor((norm - least) / width);
    counts[Math.min(INTERVALS - 1, place)]++;
  }
  return counts;
}
