import type { Matrix } from "@revocab/core";
import { type HeldStrips, type RowSum, type RowSums, STRIP_COLUMNS } from "@revocab/matrix";
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
  /** What a whole number may be off by, as a share of `one`; nothing is known from 1 on, where sums may pass 2³¹. */
  readonly error: number;
  /** Likewise, without that of rounding weights. */
  readonly errorOfProducts: number;
}

/**
 * Rounds the weights of r = x − Σ c_j·D_j.
 *
 * D·x and the columns D·D_j, as shares of the longest products that there can be, are held to 1/2 of a whole number. No order of adding
 * up d products in f32 is off by more than d·u·‖x‖·‖y‖, u = 2⁻²⁴. The roundings δ_j of weights add |Σ δ_j · cos_ij| for one atom i, and that is at most
 * ‖δ‖ · √(largest eigenvalue of the picks' cosines).
 * @param places of the columns of the picks
 */
export function roundResidual(
  residual: Residual,
  { columns }: Matrix,
  start: number,
  places: readonly number[],
): RoundedResidual {
  const { shares, likeness } = residual;
  const largest = shares.reduce((most, share) => Math.max(most, Math.abs(share)), 0);
  const shift = Math.max(0, Math.min(MOST_SHIFT, Math.floor(Math.log2(MOST_WEIGHT / largest))));
  const scale = 2 ** shift;
  const weights = Int16Array.from(shares, (share) => {
    const whole = Math.round(-share * scale);
    return Math.max(-MOST_WEIGHT, Math.min(MOST_WEIGHT, whole));
  });
  let [total, square] = [1, 0];
  shares.forEach((share, j) => {
    const off = share + weights[j] / scale;
    total += Math.abs(share) + Math.abs(off);
    square += off ** 2;
  });
  const errorOfProducts = total * (0.5 / ONE + (columns + 8) * UNIT);
  return {
    residual,
    sum: { start, shift, places, weights },
    one: ONE * scale,
    error: errorOfProducts + Math.sqrt(square * likeness),
    errorOfProducts,
  };
}

/** Weights of up to 1 keep 15 bits, and sums of up to 1, and what they are off by, stay below 2³¹. */
const MOST_SHIFT = 15;

const MOST_WEIGHT = 2 ** 15 - 1;

/** The relative rounding of an f32. */
const UNIT = 2 ** -24;

/**
 * The strips of atoms that may have the largest product, ascending, for each residual.
 * @param maxima [strips × residuals] largest whole numbers
 * @param except an atom of each residual that does not count
 */
export function strongestStrips(
  maxima: Uint32Array,
  rounded: readonly RoundedResidual[],
  { longest }: Norms,
  except: readonly (number | undefined)[],
): number[][] {
  const count = rounded.length;
  const errors = Float64Array.from(rounded, ({ error, one }) => (error < 1 ? error * one : Infinity));
  const exceptStrips = Int32Array.from(except, (atom) => (atom === undefined ? -1 : stripOf(atom)));
  const least = new Float64Array(count);
  longest.forEach((norm, strip) => {
    for (let i = 0, at = strip * count; i < count; i++, at++) {
      const value = (maxima[at] - errors[i]) * norm;
      if (value > least[i] && exceptStrips[i] !== strip) least[i] = value;
    }
  });
  const strips = Array.from(rounded, (): number[] => []);
  longest.forEach((norm, strip) => {
    for (let i = 0, at = strip * count; i < count; i++, at++) {
      if ((maxima[at] + errors[i]) * norm >= least[i]) strips[i].push(strip);
    }
  });
  return strips;
}

function stripOf(atom: number): number {
  return Math.floor(atom / STRIP_COLUMNS);
}

export interface StrongestAtomOptions {
  /** D [A × d] */
  readonly atoms: Matrix;
  readonly norms: Norms;
  readonly sums: RowSums;
  readonly rounded: RoundedResidual;
  /** Where to look. */
  readonly strips: readonly number[];
  readonly except?: number;
}

/**
 * The atom of the strips with the largest |⟨r, D_i⟩| that is not picked yet, of equal ones the lowest; undefined where all are 0.
 *
 * Products with weights that are not rounded say which it may be; among several they are computed in f64 from r itself.
 */
export function strongestAtom(options: StrongestAtomOptions): number | undefined {
  const { atoms, rounded } = options;
  const candidates = candidatesOf(options);
  if (candidates.length === 1) return candidates[0];
  const left = residualVector(rounded.residual, atoms);
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

/** The atoms of the strips that may have the largest product, ascending. */
function candidatesOf({ atoms, norms, sums, rounded, strips, except }: StrongestAtomOptions): number[] {
  const { residual, errorOfProducts } = rounded;
  const error = errorOfProducts * ONE;
  const isTaken = (atom: number) => atom === except || residual.picks.includes(atom);
  const values = new Float64Array(STRIP_COLUMNS);
  let least = 0;
  let candidates: { readonly atom: number; readonly most: number }[] = [];
  for (const strip of strips) {
    stripProducts(sums, rounded, strip, values);
    const first = strip * STRIP_COLUMNS;
    const end = Math.min(STRIP_COLUMNS, atoms.rows - first);
    for (let i = 0; i < end; i++) {
      const value = Math.abs(values[i]);
      const most = (value + error) * norms.longest[strip];
      if (most < least || isTaken(first + i)) continue;
      candidates.push({ atom: first + i, most });
      least = Math.max(least, (value - error) * norms.longest[strip]);
    }
  }
  candidates = candidates.filter(({ most }) => most >= least);
  return candidates.map(({ atom }) => atom);
}

/** D·x − Σ c_j·D·D_j of a strip, in whole numbers but for the weights, into `values`. */
function stripProducts(
  { rows, starts }: RowSums,
  { residual: { shares }, sum: { start, places } }: RoundedResidual,
  strip: number,
  values: Float64Array,
): void {
  addStrip(starts, start, strip, 1, values.fill(0));
  places.forEach((place, j) => addStrip(rows, place, strip, -shares[j], values));
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
