import type { Matrix } from "@revocab/core";
import { type HeldStrips, type RowSum, type RowSums, STRIP_COLUMNS } from "@revocab/matrix/internal";
import { dot, type Residual } from "./pursuit.ts";

/** Lengths of atoms. */
export interface Norms {
  /** [A] */
  readonly of: Float64Array;
  /** [strips] of the longest atom of each strip; 1 where all are 0. */
  readonly longest: Float64Array;
}

export function normsOf({ rows, columns, data }: Matrix): Norms {
  const of = Float64Array.from({ length: rows }, (_, row) =>
    Math.sqrt(dot(data, row * columns, data, row * columns, columns)),
  );
  const strips = Math.ceil(rows / STRIP_COLUMNS);
  const longest = Float64Array.from({ length: strips }, (_, strip) => {
    const inStrip = of.subarray(strip * STRIP_COLUMNS, (strip + 1) * STRIP_COLUMNS);
    return inStrip.reduce((most, norm) => Math.max(most, norm), 0) || 1;
  });
  return { of, longest };
}

/** What a product of 1 is when it is held: what rounding in f32 adds to it must fit into an i16. */
export const ONE = 32_000;

/** D·r of a residual in whole numbers: ⟨r, D_i⟩ / (‖x‖ · the longest of the strip) times `one`, about. */
export interface RoundedResidual {
  readonly residual: Residual;
  readonly sum: RowSum;
  /** ‖x‖ · the longest of the strip, in whole numbers. */
  readonly one: number;
  /** What a maximum may be off by, as a share of `one`; nothing is known from 1 on, where sums may pass 2³¹. */
  readonly error: number;
  /** What a sum with weights that are not rounded may be off by, likewise. */
  readonly errorOfProducts: number;
}

/**
 * Rounds the weights of r = x − Σ c_j·D_j.
 *
 * D·x and the columns D·D_j, as shares of the longest products that there can be, are held to 1/2 of a whole number. No order of adding
 * up d products in f32 is off by more than d·u·‖x‖·‖y‖, u = 2⁻²⁴. The roundings δ_j of weights add |Σ δ_j · cos_ij| for one atom i, and that is at most
 * ‖δ‖ · √(largest eigenvalue of the picks' cosines). In place of its last five bits a maximum has a number of a column.
 * @param places of the columns of the picks
 */
export function roundResidual(
  residual: Residual,
  { columns }: Matrix,
  start: number,
  places: readonly number[],
): RoundedResidual {
  const { shares, likeness } = residual;
  let largest = 0;
  for (const share of shares) largest = Math.max(largest, Math.abs(share));
  const shift = Math.max(0, Math.min(MOST_SHIFT, Math.floor(Math.log2(MOST_WEIGHT / largest))));
  const scale = 2 ** shift;
  const weights = new Int16Array(shares.length);
  let [total, square] = [1, 0];
  for (let j = 0; j < shares.length; j++) {
    weights[j] = Math.max(-MOST_WEIGHT, Math.min(MOST_WEIGHT, Math.round(-shares[j] * scale)));
    const off = shares[j] + weights[j] / scale;
    total += Math.abs(shares[j]) + Math.abs(off);
    square += off ** 2;
  }
  const errorOfProducts = total * (0.5 / ONE + (columns + 8) * UNIT);
  return {
    residual,
    sum: { start, shift, places, weights },
    one: ONE * scale,
    error: errorOfProducts + Math.sqrt(square * likeness) + STRIP_COLUMNS / (ONE * scale),
    errorOfProducts,
  };
}

/** Weights of up to 1 keep 15 bits, and sums of up to 1, and what they are off by, stay below 2³¹. */
const MOST_SHIFT = 15;

const MOST_WEIGHT = 2 ** 15 - 1;

/** The relative rounding of an f32. */
const UNIT = 2 ** -24;

export interface StrongestAtomsOptions {
  /** D [A × d] */
  readonly atoms: Matrix;
  readonly rounded: readonly RoundedResidual[];
  /** [strips × residuals × 2] what `sums` found for them. */
  readonly maxima: Uint32Array;
  readonly sums: RowSums;
  readonly norms: Norms;
  /** An atom of each residual that must not be used. */
  readonly except: readonly (number | undefined)[];
}

/**
 * The atoms that may have the largest |⟨r, D_i⟩| of those not picked yet, ascending, for each residual; mostly there is one.
 *
 * The two largest products of each strip tell it. Where a strip may hold several, its products are computed anew, with weights that are not
 * rounded. Where there are many all the same, since large weights cancel out, all products are computed from r.
 */
export function strongestAtoms(options: StrongestAtomsOptions): number[][] {
  const { atoms, rounded, maxima, norms, except } = options;
  const count = rounded.length;
  const errors = Float64Array.from(rounded, ({ error, one }) => (error < 1 ? error * one : Infinity));
  const least = leastOf(options, errors);
  const isFree = (i: number, atom: number) =>
    atom < atoms.rows && atom !== except[i] && !rounded[i].residual.picks.includes(atom);
  const found = rounded.map((): number[] => []);
  norms.longest.forEach((norm, strip) => {
    for (let i = 0, at = strip * count * 2; i < count; i++, at += 2) {
      if ((maxima[at] + errors[i]) * norm < least[i] || found[i].length > MOST_CANDIDATES) continue;
      const isAlone = (maxima[at + 1] + errors[i]) * norm < least[i];
      const close = isAlone ? [atomOf(strip, maxima[at])] : closeAtoms(options, i, strip, least[i]);
      for (const atom of close) if (isFree(i, atom)) found[i].push(atom);
    }
  });
  return found.map((close, i) =>
    close.length <= MOST_CANDIDATES
      ? close
      : strongestByResidual(atoms, norms, rounded[i].residual, (atom) => isFree(i, atom)),
  );
}

/** With more, r and its products with all atoms take less time than the products of these with all picks. */
const MOST_CANDIDATES = 64;

/** What the largest product of each residual cannot be below, in whole numbers for an atom of length 1. */
function leastOf(
  { maxima, rounded, norms, except }: StrongestAtomsOptions,
  errors: Float64Array,
): Float64Array {
  const count = rounded.length;
  const excepts = Float64Array.from(except, (atom) => atom ?? -1);
  const least = new Float64Array(count);
  norms.longest.forEach((norm, strip) => {
    for (let i = 0, at = strip * count * 2; i < count; i++, at += 2) {
      const largest = (maxima[at] - errors[i]) * norm;
      if (largest <= least[i]) continue;
      // an atom that was picked is never far from 0
      const isExcepted = atomOf(strip, maxima[at]) === excepts[i];
      least[i] = isExcepted ? Math.max(least[i], (maxima[at + 1] - errors[i]) * norm) : largest;
    }
  });
  return least;
}

function atomOf(strip: number, maximum: number): number {
  return strip * STRIP_COLUMNS + (maximum % STRIP_COLUMNS);
}

/** The atoms of a strip whose product may be `least` or more. */
function closeAtoms(
  { rounded, norms, sums }: StrongestAtomsOptions,
  i: number,
  strip: number,
  least: number,
): number[] {
  const { one, errorOfProducts, residual, sum } = rounded[i];
  const values = stripProducts(sums, sum, residual, strip);
  const first = strip * STRIP_COLUMNS;
  const close: number[] = [];
  for (let column = 0; column < STRIP_COLUMNS; column++) {
    const most = Math.abs(values[column]) / ONE + errorOfProducts;
    if (most * one * norms.longest[strip] >= least) close.push(first + column);
  }
  return close;
}

/** [STRIP_COLUMNS] D·x − Σ c_j·D·D_j of a strip, in whole numbers but for the weights. */
function stripProducts(
  { rows, starts }: RowSums,
  { start, places }: RowSum,
  { shares }: Residual,
  strip: number,
): Float64Array {
  const values = new Float64Array(STRIP_COLUMNS);
  addStrip(starts, start, strip, 1, values);
  for (const [j, place] of places.entries()) addStrip(rows, place, strip, -shares[j], values);
  return values;
}

function addStrip(
  { values, at }: HeldStrips,
  place: number,
  strip: number,
  weight: number,
  sums: Float64Array,
): void {
  for (let i = 0, from = at(place, strip); i < STRIP_COLUMNS; i++, from++) sums[i] += weight * values[from];
}

/** The free atoms with the largest |⟨r, D_i⟩| but for what f64 rounds in r and in the product. */
function strongestByResidual(
  atoms: Matrix,
  norms: Norms,
  residual: Residual,
  isFree: (atom: number) => boolean,
): number[] {
  const { target, coefficients, picks } = residual;
  const left = residualVector(residual, atoms);
  const values = norms.of.map((_, atom) => (isFree(atom) ? Math.abs(productWith(left, atoms, atom)) : -1));
  const length = Math.sqrt(dot(target, 0, target, 0, target.length));
  const total = picks.reduce((sum, pick, j) => sum + Math.abs(coefficients[j]) * norms.of[pick], length);
  const error = (atoms.columns + 2 * picks.length) * 2 ** -53 * total;
  const least = values.reduce((most, value, atom) => Math.max(most, value - error * norms.of[atom]), 0);
  const strongest: number[] = [];
  for (const [atom, value] of values.entries())
    if (value >= 0 && value + error * norms.of[atom] >= least) strongest.push(atom);
  return strongest;
}

/** x − Σ c_j·D_j [d] */
function residualVector({ target, picks, coefficients }: Residual, { columns, data }: Matrix): Float64Array {
  const left = Float64Array.from(target);
  for (let j = 0; j < picks.length; j++) {
    const weight = coefficients[j];
    for (let i = 0, at = picks[j] * columns; i < columns; i++, at++) left[i] -= weight * data[at];
  }
  return left;
}

function productWith(left: Float64Array, { columns, data }: Matrix, atom: number): number {
  let sum = 0;
  for (let i = 0, at = atom * columns; i < columns; i++, at++) sum += left[i] * data[at];
  return sum;
}
