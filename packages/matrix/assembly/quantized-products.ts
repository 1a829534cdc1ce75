/**
 * Products of rows of i8 with one row of i16: `addends[r] + scales[r] · factor · Σ row · query`, f32 at `out`, for each row r from
 * the first u32 at `range` to before the second.
 *
 * `columns` is a multiple of 16, and `rows`, `scales`, `addends` and `out` are the addresses of row 0. The sums are whole numbers; the
 * caller bounds the query so that they stay within i32. Each product is rounded three times, in f32.
 *
 * Rows are read from the first byte to the last, one after the other, as memory gives them fastest.
 */
export function quantizedProducts(
  range: usize, columns: usize, factor: f32, query: usize, rows: usize, scales: usize, addends: usize, out: usize,
): void {
  const first = <usize>load<u32>(range);
  const end = <usize>load<u32>(range, 4);
  const queryEnd = query + columns * 2;
  let at = rows + first * columns;
  for (let row = first; row < end; row++) {
    let low = i32x4.splat(0);
    let high = i32x4.splat(0);
    for (let beside = query; beside < queryEnd; beside += 32) {
      low = i32x4.add(low, i32x4.dot_i16x8_s(v128.load(beside), v128.load_ext<i8>(at)));
      high = i32x4.add(high, i32x4.dot_i16x8_s(v128.load(beside, 16), v128.load_ext<i8>(at, 8)));
      at += 16;
    }
    const sum = <f32>total(i32x4.add(low, high));
    store<f32>(out + row * 4, load<f32>(addends + row * 4) + load<f32>(scales + row * 4) * factor * sum);
  }
}

// @ts-ignore: decorator
@inline
function total(sums: v128): i32 {
  const halves = i32x4.add(sums, v128.shuffle<i32>(sums, sums, 2, 3, 0, 1));
  return i32x4.extract_lane(halves, 0) + i32x4.extract_lane(halves, 1);
}
