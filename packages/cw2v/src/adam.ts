/** A trained matrix, with Adam's two running means of each of its numbers. */
export interface AdamMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
  /** Running mean of the gradient. */
  readonly first: Float32Array;
  /** Running mean of its square. */
  readonly second: Float32Array;
}

export interface AdamStepOptions {
  /** Counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** The rows of the matrix that `gradient` has, in its order; the gradient of the others is 0. @default all of them */
  readonly touched?: Uint32Array;
}

const [BETA_1, BETA_2, EPSILON] = [0.9, 0.999, 1e-8];

/**
 * One step of Adam (β 0.9 and 0.999, ε 1e-8) on all rows, as torch's: a row with the gradient 0 still moves, by the
 * momentum of earlier gradients.
 * @param gradient [touched × columns]
 * @see https://arxiv.org/abs/1412.6980
 */
export function adamStep(
  matrix: AdamMatrix,
  gradient: Float32Array,
  { step, learningRate, touched }: AdamStepOptions,
): void {
  const rate = learningRate / (1 - BETA_1 ** step);
  const scale = 1 / Math.sqrt(1 - BETA_2 ** step);
  const { rows, columns } = matrix;
  if (touched === undefined) {
    moveRow(matrix, 0, rows * columns, gradient, 0, rate, scale);
    return;
  }
  const placeOf = new Int32Array(rows).fill(-1);
  for (let i = 0; i < touched.length; i++) placeOf[touched[i]] = i;
  const none = new Float32Array(columns);
  for (let row = 0; row < rows; row++) {
    const place = placeOf[row];
    const from = place < 0 ? none : gradient;
    moveRow(matrix, row * columns, columns, from, Math.max(place, 0) * columns, rate, scale);
  }
}

function moveRow(
  { data, first, second }: AdamMatrix,
  at: number,
  count: number,
  gradient: Float32Array,
  from: number,
  rate: number,
  scale: number,
): void {
  for (let j = 0; j < count; j++) {
    const slope = gradient[from + j];
    const i = at + j;
    const mean = BETA_1 * first[i] + (1 - BETA_1) * slope;
    const square = BETA_2 * second[i] + (1 - BETA_2) * slope * slope;
    first[i] = mean;
    second[i] = square;
    data[i] -= (rate * mean) / (Math.sqrt(square) * scale + EPSILON);
  }
}
