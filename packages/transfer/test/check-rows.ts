import { type Role, SPECIAL_ROLES, type SpecialRole, type StoredDtype, type Vocabulary } from "@revocab/core";
import { expect } from "vitest";
import type { StoredRows } from "./stored-rows.ts";

/** What the rows of one table were found to be; every row is in one of the counts. */
export interface RowCounts {
  copied: number;
  spelled: number;
  /** Text the source cannot spell, specials it does not know. */
  withoutEvidence: number;
  unused: number;
}

export interface RowsToCheck {
  readonly old: StoredRows;
  readonly now: StoredRows;
  readonly role: Role;
  readonly source: Vocabulary;
  readonly target: Vocabulary;
  /** Of the spelled rows every so-manieth is worked out. */
  readonly every: number;
}

/**
 * Checks each row of a table against what it must be by the two vocabularies alone: the bytes of the source's row, or
 * the mean of the pieces' rows, or the mean of the used rows.
 */
export function checkRows({ old, now, role, source, target, every }: RowsToCheck): RowCounts {
  const counts: RowCounts = { copied: 0, spelled: 0, withoutEvidence: 0, unused: 0 };
  const wrong: string[] = [];
  const claim = (holds: boolean, id: number, what: string) => {
    if (!holds) wrong.push(`row ${id} "${id < target.size ? target.tokenOf(id) : ""}" is not ${what}`);
  };
  const used = Array.from({ length: source.size }, (_, id) => id).filter(
    (id) => source.kindOf(id) !== "unused",
  );
  const middle = meanOf(old, used);
  for (let id = 0; id < now.rows; id++) {
    const kind = id < target.size ? target.kindOf(id) : "unused";
    if (kind === "unused") {
      counts.unused++;
      claim(isNear(now, id, middle), id, "the mean, though unused");
      continue;
    }
    const twin = twinOf(id, role, source, target);
    if (twin !== undefined) {
      counts.copied++;
      claim(isCopy(now, id, old, twin), id, `row ${twin} bit for bit`);
      continue;
    }
    const pieces = kind === "special" ? undefined : source.spell(target.bytesOf(id));
    if (pieces === undefined) {
      counts.withoutEvidence++;
      claim(isNear(now, id, middle), id, "the mean, though nothing is known of it");
      continue;
    }
    if (counts.spelled++ % every !== 0) continue;
    const spelled = Buffer.concat(Array.from(pieces, (piece) => source.bytesOf(piece)));
    claim(spelled.equals(target.bytesOf(id)), id, `spelled by ${pieces}`);
    claim(isNear(now, id, meanOf(old, pieces)), id, `the mean of the rows ${pieces}`);
  }
  expect(wrong.slice(0, 10)).toEqual([]);
  return counts;
}

/** The source token that is the same: specials by role, then by string; others by bytes, their own id first. */
function twinOf(id: number, role: Role, source: Vocabulary, target: Vocabulary): number | undefined {
  const isEntry =
    id < source.size &&
    source.kindOf(id) === target.kindOf(id) &&
    source.tokenOf(id) === target.tokenOf(id) &&
    Buffer.from(source.bytesOf(id)).equals(target.bytesOf(id));
  if (target.kindOf(id) !== "special") return isEntry ? id : source.idsOf(target.bytesOf(id))[0];
  const roles = target.rolesOf(id);
  if (isEntry && roles.join() === source.rolesOf(id).join()) return id;
  const order: SpecialRole[] = role === "output" ? ["eos", ...SPECIAL_ROLES] : [...SPECIAL_ROLES];
  const byRole = order.filter((name) => roles.includes(name)).map((name) => source.idOfRole(name));
  return byRole.find((found) => found !== undefined) ?? source.idOfSpecial(target.tokenOf(id));
}

function isCopy(now: StoredRows, row: number, old: StoredRows, oldRow: number): boolean {
  const size = now.bytes.length / now.rows;
  return now.bytes
    .subarray(row * size, (row + 1) * size)
    .equals(old.bytes.subarray(oldRow * size, (oldRow + 1) * size));
}

interface Mean {
  /** [columns] in f64. */
  readonly values: Float64Array;
  /** [columns] the mean of the magnitudes: what rounding is relative to when terms cancel. */
  readonly magnitudes: Float64Array;
}

function meanOf({ values, columns }: StoredRows, rows: ArrayLike<number>): Mean {
  const mean: Mean = { values: new Float64Array(columns), magnitudes: new Float64Array(columns) };
  for (let i = 0; i < rows.length; i++) {
    for (let column = 0; column < columns; column++) {
      const value = values[(rows[i] as number) * columns + column] as number;
      mean.values[column]! += value / rows.length;
      mean.magnitudes[column]! += Math.abs(value) / rows.length;
    }
  }
  return mean;
}

/** What the stored format rounds by, relative to a value: half a unit of its last bit. */
const ROUNDING: Readonly<Record<StoredDtype, number>> = { F32: 0, F16: 2 ** -11, BF16: 2 ** -8 };
/** Half of the smallest number, where rounding is no longer relative. */
const SMALLEST: Readonly<Record<StoredDtype, number>> = { F32: 0, F16: 2 ** -25, BF16: 0 };

function isNear({ values, columns, dtype }: StoredRows, row: number, mean: Mean): boolean {
  for (let column = 0; column < columns; column++) {
    const found = values[row * columns + column] as number;
    const expected = mean.values[column] as number;
    const rounding = ROUNDING[dtype] * Math.abs(expected) + SMALLEST[dtype];
    // written so that a NaN is far from everything
    if (!(Math.abs(found - expected) <= 1e-6 * (mean.magnitudes[column] as number) + rounding)) return false;
  }
  return true;
}
