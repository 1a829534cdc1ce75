import { type Utf8State, utf8StateAfter } from "@revocab/evaluation/internal";
import type { NextByte } from "./byte-reader.ts";
import { END, NEXT_VALUES } from "./growing-covers.ts";

export interface ByteSamplingOptions {
  /** Probabilities are raised to the power of 1 ÷ temperature; 0 takes the most probable byte always. @default 0 */
  readonly temperature?: number;
  /** Draw from the k most probable bytes only. @default all */
  readonly topK?: number;
  /** Draw from the fewest most probable bytes whose probabilities reach this sum. @default 1 */
  readonly topP?: number;
}

export interface SampledByte {
  /** The byte, or 256 for the end of the text; undefined when none that is allowed has a probability. */
  readonly value: number | undefined;
  /** Whether it would be the same, whatever the sequences that are not read say. */
  readonly isCertain: boolean;
}

/**
 * The next byte by its probability, among those that UTF-8 may have after `state`; the text may end between characters only.
 * Ties go to the lower byte.
 * @param drawn a random number in [0, 1)
 */
export function sampleByte(
  { probabilities, unread }: NextByte,
  { temperature = 0, topK = NEXT_VALUES, topP = 1 }: ByteSamplingOptions,
  state: Utf8State,
  drawn: number,
): SampledByte {
  const least = (value: number): number => probabilities[value] * (1 - unread);
  const values = Array.from(probabilities.keys())
    .filter((value) => isUtf8(state, value))
    .sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  if (probabilities[values[0]] === 0) return { value: undefined, isCertain: unread === 0 };
  /** Whether the first `count` are the most probable ones, whoever gets what is unread. */
  const areFirst = (count: number): boolean =>
    count === values.length || least(values[count - 1]) >= least(values[count]) + unread;
  if (temperature === 0) return { value: values[0], isCertain: areFirst(1) };

  const power = 1 / temperature;
  // Beside the largest, for a high power of a share is 0 in f64.
  const largest = least(values[0]);
  const weights = values.map((value) => (least(value) / largest) ** power);
  const more = mostMore(weights.length, unread / largest, power);
  const kept = nucleus(weights, topK, topP, more);
  // In the order of their values, which does not depend on what is unread.
  const order = Array.from({ length: kept.count }, (_, place) => place).sort((a, b) => values[a] - values[b]);
  const total = sumOf(weights, kept.count);
  let sum = 0;
  let place = 0;
  for (; place < order.length; place++) {
    if (drawn * total < sum + weights[order[place]] || place === order.length - 1) break;
    sum += weights[order[place]];
  }
  const isDrawn =
    drawn * (total + more) >= sum + more && drawn * (total + more) < sum + weights[order[place]];
  return {
    value: values[order[place]],
    isCertain: unread === 0 || (isDrawn && kept.isCertain && areFirst(kept.count)),
  };
}

/** How many of the weights, in descending order, are drawn from. @param more what all weights together may grow by */
function nucleus(
  weights: readonly number[],
  topK: number,
  topP: number,
  more: number,
): { readonly count: number; readonly isCertain: boolean } {
  const most = Math.min(topK, weights.length);
  if (topP >= 1) return { count: most, isCertain: true };
  const total = sumOf(weights, most);
  let count = 0;
  let sum = 0;
  while (count < most && (count === 0 || sum < topP * total)) sum += weights[count++];
  const before = sum - weights[count - 1];
  const isEnough = count === most || sum >= topP * (total + more);
  return { count, isCertain: isEnough && (count === 1 || before + more < topP * (total + more)) };
}

/** The most that Σ shareᵖ can grow by, when shares of which the largest is 1 grow by `unread` together. */
function mostMore(count: number, unread: number, power: number): number {
  if (power >= 1) return Math.expm1(power * Math.log1p(unread));
  return count ** (1 - power) * unread ** power;
}

function sumOf(weights: readonly number[], count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += weights[i];
  return sum;
}

function isUtf8(state: Utf8State, value: number): boolean {
  return value === END ? state === 0 : utf8StateAfter(state, Uint8Array.of(value)) >= 0;
}
