import { type Utf8State, utf8StateAfter } from "@revocab/evaluation/internal";
import { END, NEXT_VALUES } from "./growing-covers.ts";

export interface ByteSamplingOptions {
  /** Probabilities are raised to the power of 1 ÷ temperature; 0 takes the most probable byte always. @default 0 */
  readonly temperature?: number;
  /** Draw from the k most probable bytes only. @default all */
  readonly topK?: number;
  /** Draw from the fewest most probable bytes whose probabilities reach this sum. @default 1 */
  readonly topP?: number;
}

/**
 * The next byte by its probability, among those that UTF-8 may have after `state`; the text may end between characters only.
 * Ties go to the lower byte.
 * @param probabilities [257]; 256 is the end of the text
 * @param uniform a random number in [0, 1)
 * @returns undefined when none has a probability
 */
export function sampleByte(
  probabilities: Float64Array,
  { temperature = 0, topK = NEXT_VALUES, topP = 1 }: ByteSamplingOptions,
  state: Utf8State,
  uniform: () => number,
): number | undefined {
  const values = Array.from(probabilities.keys())
    .filter((value) => probabilities[value] > 0 && isUtf8(state, value))
    .sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  if (temperature === 0 || values.length < 2) return values[0];
  const most = probabilities[values[0]];
  const weights = values.slice(0, topK).map((value) => (probabilities[value] / most) ** (1 / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let kept = 0;
  let mass = 0;
  while (kept < weights.length && (kept === 0 || mass < topP * total)) mass += weights[kept++];
  let left = uniform() * mass;
  for (let i = 0; i < kept; i++) {
    left -= weights[i];
    if (left < 0) return values[i];
  }
  return values[kept - 1];
}

function isUtf8(state: Utf8State, value: number): boolean {
  return value === END ? state === 0 : utf8StateAfter(state, Uint8Array.of(value)) >= 0;
}
