import { randomBelow, randomBits } from "./random";
import { logarithmTable, negatives, negativeTable, output, rowBytes, sigmoidTable, words } from "./settings";
import { dot, exchange } from "./vectors";

/**
 * One positive example and its negatives: moves their output rows and adds to `gradient` what the hidden vector should move.
 * Returns the loss.
 */
export function learnExample(hidden: usize, gradient: usize, target: u32, rate: f32): f32 {
  let loss = learnTarget(hidden, gradient, target, 1, rate);
  for (let n: u32 = 0; n < negatives; n++) {
    let negative = drawNegative();
    while (negative === target) negative = drawNegative();
    loss += learnTarget(hidden, gradient, negative, 0, rate);
  }
  return loss;
}

/** By Walker's alias table: as probable as the square root of the word's count. */
// @ts-ignore: decorator
@inline
function drawNegative(): u32 {
  const column = randomBelow(words);
  const entry = <usize>(negativeTable + column * 8);
  return randomBits() <= load<u32>(entry) ? column : load<u32>(entry, 4);
}

// @ts-ignore: decorator
@inline
function learnTarget(hidden: usize, gradient: usize, target: u32, label: f32, rate: f32): f32 {
  const row = <usize>(output + target * rowBytes);
  const score = dot(hidden, row, rowBytes);
  const probability = sigmoid(score);
  exchange(gradient, row, hidden, rate * (label - probability), rowBytes);
  return score === score ? -logarithm(label !== 0 ? probability : 1 - probability) : score;
}

/** fastText's table: 512 steps between -8 and 8. What is not a number becomes 0 here and is told by the loss. */
// @ts-ignore: decorator
@inline
function sigmoid(x: f32): f32 {
  if (x > 8) return 1;
  if (!(x >= -8)) return 0;
  return load<f32>(<usize>sigmoidTable + (<usize>((x + 8) * 32) << 2));
}

// @ts-ignore: decorator
@inline
function logarithm(x: f32): f32 {
  return load<f32>(<usize>logarithmTable + (<usize>(x * 512) << 2));
}
