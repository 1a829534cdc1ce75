import { RevocabError, type RotaryHeads } from "@revocab/core";

/** @throws RevocabError bad_options when rows of `width` columns cannot be cut into heads of an even size */
export function checkHeads(side: "donor" | "source", { heads, base }: RotaryHeads, width: number): void {
  if (!Number.isInteger(heads) || heads < 1 || width % (2 * heads) !== 0) {
    throw new RevocabError(
      "bad_options",
      `${side} rows of ${width} columns cannot be cut into ${heads} heads of an even number of columns`,
      { hint: "give the number of attention heads of the model, or turn no positions" },
    );
  }
  if (!(base > 0 && Number.isFinite(base))) {
    throw new RevocabError(
      "bad_options",
      `the rotary base of the ${side} is ${base}, expected a number above 0`,
    );
  }
}

/** [h/2] the angle of each pair at position 1. */
export function frequencies({ heads, base }: RotaryHeads, width: number): Float64Array {
  const pairs = width / heads / 2;
  return Float64Array.from({ length: pairs }, (_, i) => base ** (-i / pairs));
}

/** A row [width] as it stands at `position`, which need not be whole. */
export function rotated(row: Float32Array, position: number, turns: Float64Array): Float64Array {
  const result = Float64Array.from(row);
  const pairs = turns.length;
  for (let i = 0; i < pairs; i++) {
    const cosine = Math.cos(position * turns[i]);
    const sine = Math.sin(position * turns[i]);
    for (let at = i; at < row.length; at += 2 * pairs) {
      result[at] = row[at] * cosine - row[at + pairs] * sine;
      result[at + pairs] = row[at + pairs] * cosine + row[at] * sine;
    }
  }
  return result;
}

/**
 * The position at which `atom` comes near to ±`target`: of the angles θ between their pairs, the p with the least Σ (θ − p·turn)²;
 * of both signs the p nearer to 0.
 */
export function nearestPosition(atom: Float32Array, target: Float32Array, turns: Float64Array): number {
  const position = bestPosition(atom, target, 1, turns);
  const opposite = bestPosition(atom, target, -1, turns);
  return Math.abs(position) < Math.abs(opposite) ? position : opposite;
}

function bestPosition(atom: Float32Array, target: Float32Array, sign: 1 | -1, turns: Float64Array): number {
  const pairs = turns.length;
  let product = 0;
  let square = 0;
  for (let start = 0; start < atom.length; start += 2 * pairs) {
    for (let i = 0; i < pairs; i++) {
      const [a, b] = [atom[start + i], atom[start + pairs + i]];
      const [c, d] = [sign * target[start + i], sign * target[start + pairs + i]];
      product += Math.atan2(a * d - b * c, a * c + b * d) * turns[i];
      square += turns[i] ** 2;
    }
  }
  return product / square;
}
