import type { Job, Matrix } from "@revocab/core";
import { leadingEigenvectors } from "./leading-eigenvectors.ts";
import { randomStream } from "./random-stream.ts";
import { covariance } from "./statistics.ts";
import { storedView } from "./stored-matrix.ts";

/** The directions in which the rows of a matrix differ most. */
export interface PrincipalComponents {
  /** [d] the mean row. */
  readonly mean: Float64Array;
  /** `count` directions of length 1, each [d], that of the largest variance first; its largest entry is positive. */
  readonly directions: readonly Float64Array[];
  /** The variance along each direction, of the variance in all, 0 … 1. */
  readonly shares: readonly number[];
}

/**
 * The first principal components of [n × d], in f64. They are found by subspace iteration on the covariance, which costs 16 · d²
 * multiply-adds a step, where all eigenvectors would cost some 10 · d³: 4 minutes at d = 4,096.
 * @param count directions, at most d
 * @throws RevocabError no_evidence without rows; bad_options beyond 20,000 columns; aborted
 */
export async function principalComponents(
  rows: Matrix,
  count: number,
  job?: Job,
): Promise<PrincipalComponents> {
  const d = rows.columns;
  const { mean, covariance: matrix } = await covariance(storedView(rows), { job });
  const width = Math.min(d, count + SPARE_DIRECTIONS);
  let basis = orthonormal(Array.from({ length: width }, (_, i) => randomDirection(d, i)));
  let values: Float64Array = new Float64Array(width);
  for (let step = 0; step < MOST_STEPS; step++) {
    const images = basis.map((direction) => product(matrix, direction));
    const small = Float64Array.from({ length: width * width }, (_, i) =>
      dot(basis[Math.floor(i / width)], images[i % width]),
    );
    const { vectors, values: found } = await leadingEigenvectors(
      { rows: width, data: symmetric(small, width) },
      width,
    );
    const turn = (directions: readonly Float64Array[]) =>
      Array.from({ length: width }, (_, column) =>
        weightedSum(
          directions,
          directions.map((_, i) => vectors.data[i * width + column]),
        ),
      );
    const [turned, next] = [turn(basis), turn(images)];
    values = found;
    basis = turned;
    if (turned.slice(0, count).every((direction, i) => isFixed(direction, next[i], found[i], found[0])))
      break;
    basis = orthonormal(next);
  }
  const whole = Array.from({ length: d }, (_, i) => matrix[i * d + i]).reduce((sum, one) => sum + one, 0);
  return {
    mean,
    directions: basis.slice(0, count).map(withPositiveEntry),
    shares: Array.from(values.subarray(0, count), (value) => (whole === 0 ? 0 : Math.max(0, value) / whole)),
  };
}

/** The more directions beside those that are wanted, the fewer steps: the error falls by λ[count + spare] ÷ λ[count] in each. */
const SPARE_DIRECTIONS = 6;
const MOST_STEPS = 300;
/** Of the largest eigenvalue; the picture of a map shows a thousandth. */
const TOLERANCE = 1e-7;

function randomDirection(d: number, id: number): Float64Array {
  const stream = randomStream(0, id);
  return Float64Array.from({ length: d }, () => stream.normal());
}

/** Gram–Schmidt, twice, for the first pass leaves what rounding lost. A direction of the others' span becomes zero. */
function orthonormal(directions: readonly Float64Array[]): Float64Array[] {
  const done: Float64Array[] = [];
  for (const direction of directions) {
    const rest = Float64Array.from(direction);
    const before = Math.sqrt(dot(rest, rest));
    for (let pass = 0; pass < 2; pass++) {
      for (const other of done) addScaled(rest, other, -dot(rest, other));
    }
    const length = Math.sqrt(dot(rest, rest));
    const scale = length > 1e-12 * before ? 1 / length : 0;
    done.push(rest.map((value) => value * scale));
  }
  return done;
}

/** Whether a direction is an eigenvector: its image is the direction, scaled. */
function isFixed(direction: Float64Array, image: Float64Array, value: number, largest: number): boolean {
  const rest = Float64Array.from(image);
  addScaled(rest, direction, -value);
  return dot(rest, rest) <= (TOLERANCE * largest) ** 2;
}

function withPositiveEntry(direction: Float64Array): Float64Array {
  const largest = direction.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
  return largest < 0 ? direction.map((value) => -value) : direction;
}

/** [d × d] symmetric · [d] */
function product(matrix: Float64Array, vector: Float64Array): Float64Array {
  const d = vector.length;
  return Float64Array.from(vector, (_, i) => {
    let sum = 0;
    for (let j = 0, at = i * d; j < d; j++, at++) sum += matrix[at] * vector[j];
    return sum;
  });
}

function symmetric(matrix: Float64Array, width: number): Float64Array {
  return matrix.map((value, i) => (value + matrix[(i % width) * width + Math.floor(i / width)]) / 2);
}

function weightedSum(vectors: readonly Float64Array[], weights: readonly number[]): Float64Array {
  const sum = new Float64Array(vectors[0].length);
  for (const [i, vector] of vectors.entries()) addScaled(sum, vector, weights[i]);
  return sum;
}

function addScaled(into: Float64Array, vector: Float64Array, scale: number): void {
  for (let i = 0; i < into.length; i++) into[i] += scale * vector[i];
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
