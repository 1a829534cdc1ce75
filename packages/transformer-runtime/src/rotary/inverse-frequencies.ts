/** θ^(2i / dimension) in f32, [dimension / 2]: how many positions column i takes to turn by one radian. */
export function wavelengthsPerRadian(theta: number, dimension: number): Float32Array {
  return Float32Array.from(
    { length: dimension / 2 },
    (_, i) => Math.fround(theta) ** Math.fround((2 * i) / dimension),
  );
}

/** θ^(−2i / dimension) in f32, [dimension / 2]: radians per position. */
export function inverseFrequencies(theta: number, dimension: number): Float32Array {
  return wavelengthsPerRadian(theta, dimension).map((value) => 1 / value);
}
