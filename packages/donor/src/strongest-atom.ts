import type { Matrix } from "@revocab/core";
import { decodeInto } from "@revocab/matrix";
import { dot, type Residual } from "./pursuit.ts";

/** Lengths of atoms. */
export interface Norms {
  /** [A] */
  readonly of: Float64Array;
  /** Of the longest atom; 1 where all are 0. */
  readonly longest: number;
}

export function normsOf({ rows, columns, data }: Matrix): Norms {
  const of = Float64Array.from({ length: rows }, (_, row) =>
    Math.sqrt(dot(data, row * columns, data, row * columns, columns)),
  );
  return { of, longest: of.reduce((longest, norm) => Math.max(longest, norm), 0) || 1 };
}

export interface StrongestAtomOptions {
  /** D [A × d] */
  readonly atoms: Matrix;
  readonly norms: Norms;
  readonly residual: Residual;
  /** [A] bits of f16: ⟨r, D_i⟩ / (‖x‖ · the longest), about. */
  readonly values: Uint16Array;
  readonly except?: number;
  /** Bits of f16: ⟨D_i, D_j⟩ / (‖D_j‖ · the longest) of a pick j, by atoms i. */
  readonly columnOf: (pick: number) => (atom: number) => number;
}

/**
 * The atom with the largest |⟨r, D_i⟩| that is not picked yet, of equal ones the lowest; undefined where all are 0.
 *
 * `values` say which it may be, by more than they are rounded; among several the products are computed in f64.
 */
export function strongestAtom(options: StrongestAtomOptions): number | undefined {
  const { atoms, residual } = options;
  let candidates = candidatesOf(options);
  if (candidates.length > 1) candidates = closerCandidates(candidates, options);
  if (candidates.length === 1) return candidates[0];
  const left = residualVector(residual, atoms);
  let best = 0;
  let strongest: number | undefined;
  for (const atom of candidates) {
    const value = Math.abs(productWith(left, atoms, atom));
    if (value <= best) continue;
    best = value;
    strongest = atom;
  }
  return strongest;
}

/** The atoms that may have the largest product, ascending. */
function candidatesOf({ norms, residual, values, except, atoms }: StrongestAtomOptions): number[] {
  const isTaken = (atom: number) => atom === except || residual.picks.includes(atom);
  let bits = -1;
  let at = -1;
  for (let i = 0; i < values.length; i++) {
    const magnitude = values[i] & MAGNITUDE;
    if (magnitude > bits && !isTaken(i)) {
      bits = magnitude;
      at = i;
    }
  }
  if (at < 0) return [];
  const { ofProducts, ofHalves, always } = roundingsOf(residual, atoms.columns);
  const error = (atom: number) => ((ofProducts + ofHalves) * norms.of[atom]) / norms.longest + always;
  const least = VALUES[bits] * (1 - HALF) - error(at);
  // for the longest atom: others need more
  const enough = bitsAtLeast((least - ofProducts - ofHalves - always) / (1 + HALF));
  const candidates: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const magnitude = values[i] & MAGNITUDE;
    if (magnitude < enough) continue;
    if (VALUES[magnitude] * (1 + HALF) + error(i) >= least && !isTaken(i)) candidates.push(i);
  }
  return candidates;
}

/** Those of the candidates that may still be the strongest when each one's own cosines to the picks say how far f16 is off. */
function closerCandidates(
  candidates: readonly number[],
  { atoms, norms, residual, values, columnOf }: StrongestAtomOptions,
): number[] {
  const { ofProducts, always } = roundingsOf(residual, atoms.columns);
  const errors = candidates.map((atom) => (ofProducts * norms.of[atom]) / norms.longest + 2 * always);
  residual.picks.forEach((pick, j) => {
    const column = columnOf(pick);
    const weight = HALF * (1 + 2 * HALF) * Math.abs(residual.shares[j]);
    for (const [i, atom] of candidates.entries()) errors[i] += weight * VALUES[column(atom) & MAGNITUDE];
  });
  const found = candidates.map((atom) => VALUES[values[atom] & MAGNITUDE]);
  const least = found.reduce((most, value, i) => Math.max(most, value * (1 - HALF) - errors[i]), 0);
  return candidates.filter((_, i) => found[i] * (1 + HALF) + errors[i] >= least);
}

/**
 * What a value may be off by before it is rounded to f16: by products and by columns in f16, both for an atom as long as the longest, and
 * for any atom.
 *
 * No order of adding up d products is off by more than d·u·‖x‖·‖y‖, u = 2⁻²⁴, and each of the sums adds two roundings to f32. A column is
 * off by 2⁻¹¹ of its values, and for one atom Σ |share_j · cos_ij| ≤ ‖shares‖ · √(largest eigenvalue of the
 * picks' cosines). Below 2⁻¹⁴, f16 rounds by up to 2⁻²⁵.
 */
function roundingsOf({ shares, likeness }: Residual, width: number) {
  const total = 1 + shares.reduce((sum, share) => sum + Math.abs(share), 0);
  const length = Math.sqrt(shares.reduce((sum, share) => sum + share ** 2, 0));
  return {
    ofProducts: (width + 2 * shares.length + 8) * UNIT * total,
    ofHalves: HALF * (1 + 2 * HALF) * length * Math.sqrt(likeness),
    always: UNIT * total,
  };
}

/** The bits of the smallest f16 that is no less, 0 for a value below 0. */
function bitsAtLeast(value: number): number {
  let low = 0;
  let high = INFINITE;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (VALUES[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The relative rounding of an f32. */
const UNIT = 2 ** -24;

/** The relative rounding of an f16. */
const HALF = 2 ** -11;

/** An f16 without its sign: as a number it grows with the value. */
const MAGNITUDE = 0x7fff;

/** The bits of the infinite f16, above those of all numbers. */
const INFINITE = 0x7c00;

/** The values of all f16 that are not negative, by their bits. */
const VALUES = new Float32Array(MAGNITUDE + 1);
decodeInto("F16", new Uint8Array(Uint16Array.from(VALUES, (_, bits) => bits).buffer), VALUES);

/** x − Σ c_j·D_j [d] */
function residualVector({ target, picks, coefficients }: Residual, { columns, data }: Matrix): Float64Array {
  const left = Float64Array.from(target);
  for (let j = 0; j < picks.length; j++) {
    const weight = coefficients[j];
    for (let i = 0, at = picks[j] * columns; i < columns; i++, at++) left[i] -= weight * data[at];
  }
  return left;
}

/** Four sums at a time: a single one waits for each addition. */
function productWith(left: Float64Array, { columns, data }: Matrix, atom: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let at = atom * columns;
  let i = 0;
  for (; i + 4 <= columns; i += 4, at += 4) {
    a += left[i] * data[at];
    b += left[i + 1] * data[at + 1];
    c += left[i + 2] * data[at + 2];
    d += left[i + 3] * data[at + 3];
  }
  for (; i < columns; i++, at++) a += left[i] * data[at];
  return a + b + (c + d);
}
