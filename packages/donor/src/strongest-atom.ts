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
}

/**
 * The atom with the largest |⟨r, D_i⟩| that is not picked yet, of equal ones the lowest; undefined where all are 0.
 *
 * `values` say which it may be, by more than they are rounded; among several the products are computed in f64.
 */
export function strongestAtom(options: StrongestAtomOptions): number | undefined {
  const { atoms, residual } = options;
  const candidates = candidatesOf(options);
  if (candidates.length === 1 && residual.length > 0) return candidates[0];
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
  const error = roundingOf(residual, norms, atoms.columns);
  const share = (atom: number) => norms.of[atom] / norms.longest;
  const least = VALUES[bits] * (1 - HALF) - error.ofProduct * share(at) - error.always;
  const threshold = (least - error.ofProduct - error.always) / (1 + HALF);
  const candidates: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = VALUES[values[i] & MAGNITUDE];
    if (value < threshold) continue;
    if (value * (1 + HALF) + error.ofProduct * share(i) + error.always < least || isTaken(i)) continue;
    candidates.push(i);
  }
  return candidates;
}

/**
 * What a value may be off by before it is rounded to f16: an amount for an atom as long as the longest, and one for any.
 *
 * No order of adding up d products is off by more than d·u·‖x‖·‖y‖, u = 2⁻²⁴. A column is that and a rounding to f16; each is weighed
 * with c_j·‖D_j‖ / ‖x‖, and adds two roundings to f32. Below 2⁻¹⁴, f16 rounds by up to 2⁻²⁵.
 */
function roundingOf({ picks, coefficients, length }: Residual, norms: Norms, width: number) {
  const unit = 2 ** -24;
  const weights =
    picks.reduce((sum, pick, j) => sum + Math.abs(coefficients[j]) * norms.of[pick], 0) / length;
  const roundings = width + 2 * picks.length + 8;
  return {
    ofProduct: roundings * unit * (1 + weights) + HALF * (1 + roundings * unit) * weights,
    always: unit * (1 + weights),
  };
}

/** The relative rounding of an f16. */
const HALF = 2 ** -11;

/** An f16 without its sign: as a number it grows with the value. */
const MAGNITUDE = 0x7fff;

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

function productWith(left: Float64Array, { columns, data }: Matrix, atom: number): number {
  let sum = 0;
  for (let i = 0, at = atom * columns; i < columns; i++, at++) sum += left[i] * data[at];
  return sum;
}
