/**
 * Products of f32 rows in f64, of one row with each of the `count` others, f64 at `out` [count].
 *
 * `head` are three u32: the address of the row, the number of its first other, and how many there are. `others` are u32 addresses.
 * `columns` is a multiple of 4. Products of two f32 are exact. Of the columns 4i, 4i + 1, 4i + 2 and 4i + 3 each has a sum of its own, so a
 * result depends on nothing but the two rows.
 *
 * Four others at a time keep the adders busy. The last four may be the same row several times, which is then written
 * several times.
 */
export function wideProducts(head: usize, others: usize, columns: usize, out: usize): void {
  const row = <usize>load<u32>(head);
  const first = <usize>load<u32>(head, 4);
  const end = first + <usize>load<u32>(head, 8);
  for (let i = first; i < end; i += 4) {
    multiplyFour(row, others, i, min(i + 1, end - 1), min(i + 2, end - 1), min(i + 3, end - 1), columns, out);
  }
}

// @ts-ignore: decorator
@inline
function multiplyFour(
  row: usize, others: usize, i0: usize, i1: usize, i2: usize, i3: usize, columns: usize, out: usize,
): void {
  let at0 = <usize>load<u32>(others + i0 * 4);
  let at1 = <usize>load<u32>(others + i1 * 4);
  let at2 = <usize>load<u32>(others + i2 * 4);
  let at3 = <usize>load<u32>(others + i3 * 4);
  let a0 = f64x2.splat(0);
  let a1 = f64x2.splat(0);
  let a2 = f64x2.splat(0);
  let a3 = f64x2.splat(0);
  let b0 = f64x2.splat(0);
  let b1 = f64x2.splat(0);
  let b2 = f64x2.splat(0);
  let b3 = f64x2.splat(0);
  for (let end = row + columns * 4; row < end; row += 16, at0 += 16, at1 += 16, at2 += 16, at3 += 16) {
    const low = wide(row, 0);
    a0 = f64x2.add(a0, f64x2.mul(low, wide(at0, 0)));
    a1 = f64x2.add(a1, f64x2.mul(low, wide(at1, 0)));
    a2 = f64x2.add(a2, f64x2.mul(low, wide(at2, 0)));
    a3 = f64x2.add(a3, f64x2.mul(low, wide(at3, 0)));
    const high = wide(row, 8);
    b0 = f64x2.add(b0, f64x2.mul(high, wide(at0, 8)));
    b1 = f64x2.add(b1, f64x2.mul(high, wide(at1, 8)));
    b2 = f64x2.add(b2, f64x2.mul(high, wide(at2, 8)));
    b3 = f64x2.add(b3, f64x2.mul(high, wide(at3, 8)));
  }
  store<f64>(out + i0 * 8, total(a0, b0));
  store<f64>(out + i1 * 8, total(a1, b1));
  store<f64>(out + i2 * 8, total(a2, b2));
  store<f64>(out + i3 * 8, total(a3, b3));
}

// @ts-ignore: decorator
@inline
function wide(at: usize, offset: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at + offset));
}

// @ts-ignore: decorator
@inline
function total(a: v128, b: v128): f64 {
  const sum = f64x2.add(a, b);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}
