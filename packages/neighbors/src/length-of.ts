/** The length of a row, in f64: there the squares of finite f32 numbers cannot overflow. */
export function lengthOf(data: Float32Array, start: number, count: number): number {
  let square = 0;
  for (let i = start; i < start + count; i++) square += data[i] * data[i];
  return Math.sqrt(square);
}
