import type { LineGroup } from "./aligned-corpus.ts";

/**
 * How probable it is before words are looked at that generated word j of m comes from given word i of n:
 * e^{λ·h(i, j)} / Σ_i' e^{λ·h(i', j)} with h(i, j) = −|(i + 1)/n − (j + 1)/m|, which is 0 on the diagonal. → [m × n]
 * @param tension λ ≥ 0: 0 is uniform, the larger the nearer to the diagonal
 * @see https://aclanthology.org/N13-1073 (fast_align)
 */
export function diagonalPrior(given: number, generated: number, tension: number): Float64Array {
  const prior = new Float64Array(given * generated);
  for (let j = 0; j < generated; j++) {
    let total = 0;
    for (let i = 0; i < given; i++) {
      const value = Math.exp(-tension * Math.abs((i + 1) / given - (j + 1) / generated));
      prior[j * given + i] = value;
      total += value;
    }
    for (let i = 0; i < given; i++) prior[j * given + i] /= total;
  }
  return prior;
}

/** E[h] of one generated word after another under the prior, summed over j; what the gradient of λ compares with. */
export function expectedDiagonality(given: number, generated: number, tension: number): number {
  // from one given word to the next, away from the diagonal, h falls by 1/n: one exponential a side is enough
  const step = 1 / given;
  const ratio = Math.exp(-tension * step);
  let sum = 0;
  for (let j = 0; j < generated; j++) {
    const place = (j + 1) / generated;
    const before = Math.floor(place * given);
    let total = 0;
    let weighted = 0;
    for (const [first, count] of [
      [place - before * step, before],
      [(before + 1) * step - place, given - before],
    ]) {
      let distance = first;
      let value = Math.exp(-tension * distance);
      for (let k = 0; k < count; k++) {
        total += value;
        weighted -= value * distance;
        value *= ratio;
        distance += step;
      }
    }
    sum += weighted / total;
  }
  return sum;
}

interface TensionStep {
  readonly groups: readonly LineGroup[];
  /** λ of the pass. */
  readonly tension: number;
  /** Σ posterior · h over the links to words that the pass found. */
  readonly diagonality: number;
  /** Generated words of all lines. */
  readonly words: number;
}

/**
 * Moves λ up the likelihood: its gradient per word is the diagonality that the pass found less that which the prior
 * expects. Eight steps of 20 times the gradient, within 0.1 … 14, as fast_align takes them.
 */
export function nextTension({ groups, tension, diagonality, words }: TensionStep): number {
  let next = tension;
  for (let step = 0; step < STEPS; step++) {
    let expected = 0;
    for (const { given, generated, lines } of groups) {
      expected += lines.length * expectedDiagonality(given, generated, next);
    }
    next = Math.min(Math.max(next + STEP_SIZE * ((diagonality - expected) / words), LEAST), MOST);
  }
  return next;
}

const STEPS = 8;
const STEP_SIZE = 20;
const LEAST = 0.1;
const MOST = 14;
