import { expectedDiagonality } from "./diagonal-prior.ts";
import type { LineGroup } from "./direction-view.ts";

export interface TensionStep {
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
