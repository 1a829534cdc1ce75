import { solvePositive } from "@revocab/matrix";
import type { StateSums } from "./state-sums.ts";
import { addRidge } from "./unit-direction.ts";

/**
 * M [d × d], row-major, with M·h′ ≈ h: from the hidden states h′ that the layers give when they read a text in the new
 * tokens, to those h that they give when they read it in their own. Least squares with a ridge towards the identity that
 * weighs as much as four places for each column: a short text moves little.
 * @param sums of pairs (h′, h)
 */
export function stateMap({ width, own, cross, count }: StateSums): Float64Array {
  const left = own.slice();
  const right = cross.slice();
  const ridge = addRidge(left, width, (PLACES_PER_COLUMN * width) / count);
  for (let i = 0; i < width; i++) right[i * width + i] += ridge;
  return transposed(solvePositive(left, width, right, width), width);
}

const PLACES_PER_COLUMN = 4;

function transposed(matrix: Float64Array, width: number): Float64Array {
  return matrix.map((_, at) => matrix[(at % width) * width + Math.floor(at / width)]);
}
