/** AdamW without weight decay: rows that shrink are predicted less. */
export interface Adam {
  /** [n] the moments of the gradient */
  readonly means: Float32Array;
  readonly squares: Float32Array;
  /**
   * @param values [n] changed in place
   * @param gradient [n]
   * @param rate the largest change of a value, about
   * @param scale multiplies the gradient first
   */
  step(values: Float32Array, gradient: Float32Array, rate: number, scale: number): void;
  /** Goes on after so many steps, whose moments it has been given. */
  resume(steps: number): void;
}

/** @see https://arxiv.org/abs/1412.6980 */
export function openAdam(size: number, { first = 0.9, second = 0.999, epsilon = 1e-8 } = {}): Adam {
  const means = new Float32Array(size);
  const squares = new Float32Array(size);
  let firstPower = 1;
  let secondPower = 1;
  const count = () => {
    firstPower *= first;
    secondPower *= second;
  };
  return {
    means,
    squares,
    step(values, gradient, rate, scale) {
      count();
      const size = rate / (1 - firstPower);
      const correction = 1 / (1 - secondPower);
      for (let i = 0; i < values.length; i++) {
        const g = gradient[i] * scale;
        const mean = first * means[i] + (1 - first) * g;
        const square = second * squares[i] + (1 - second) * g * g;
        means[i] = mean;
        squares[i] = square;
        values[i] -= (size * mean) / (Math.sqrt(square * correction) + epsilon);
      }
    },
    resume(steps) {
      for (let step = 0; step < steps; step++) count();
    },
  };
}
