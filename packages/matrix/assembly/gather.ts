import {
  BF16, decode1, encode1, encode8, F16, first, firstOfF32, firstScaled, quieted, second, secondOfF32, secondScaled,
} from "./stored";

export function gatherF32(
  rows: usize, columns: usize, offsets: usize, pointers: usize, weights: usize, basis: usize, out: usize,
): void {
  gather<f32>(rows, columns, offsets, pointers, weights, basis, out);
}

export function gatherF16(
  rows: usize, columns: usize, offsets: usize, pointers: usize, weights: usize, basis: usize, out: usize,
): void {
  gather<F16>(rows, columns, offsets, pointers, weights, basis, out);
}

export function gatherBF16(
  rows: usize, columns: usize, offsets: usize, pointers: usize, weights: usize, basis: usize, out: usize,
): void {
  gather<BF16>(rows, columns, offsets, pointers, weights, basis, out);
}

/**
 * Rows of W · [E; X], stored at `out`, [rows × columns] of T. All arguments are addresses but the first two:
 * `offsets` [rows + 1] u32, counted from `pointers` and `weights`; `pointers` u32 addresses of source rows, of T below
 * `basis` and of f32 from there on; `weights` f32.
 *
 * Each value starts at +0 and takes the sources in order, with one rounding per product and per sum: gather-sum.ts is
 * the same in TypeScript. 32 columns at a time stay in eight registers, so that no sum is ever stored.
 */
function gather<T>(
  rows: usize, columns: usize, offsets: usize, pointers: usize, weights: usize, basis: usize, out: usize,
): void {
  const rowBytes = columns * sizeof<T>();
  for (let row: usize = 0; row < rows; row++) {
    const start = <usize>load<u32>(offsets + row * 4);
    const count = <usize>load<u32>(offsets + row * 4, 4) - start;
    const pointer = pointers + start * 4;
    const weight = weights + start * 4;
    const target = out + row * rowBytes;
    if (count == 0) {
      memory.fill(target, 0, rowBytes);
    } else if (count == 1 && load<f32>(weight) == 1 && <usize>load<u32>(pointer) < basis) {
      memory.copy(target, <usize>load<u32>(pointer), rowBytes);
    } else {
      let column: usize = 0;
      let at = target;
      for (; column + 32 <= columns; column += 32, at += 32 * sizeof<T>()) {
        sum32<T>(column, count, pointer, weight, basis, at);
      }
      for (; column + 8 <= columns; column += 8, at += 8 * sizeof<T>()) {
        sum8<T>(column, count, pointer, weight, basis, at);
      }
      for (; column < columns; column++, at += sizeof<T>()) {
        sum1<T>(column, count, pointer, weight, basis, at);
      }
    }
  }
}

const F16_SCALE: f32 = 5192296858534827628530496329220096.0;

/**
 * f16 rows are taken 2¹¹² times too small and their weights as many times too large, which is exact and saves the better part
 * of decoding. Where a source is infinite or NaN, or a weight too large for that, `sum8` computes the 32 sums again.
 */
// @ts-ignore: decorator
@inline
function sum32<T>(
  column: usize, count: usize, pointers: usize, weights: usize, basis: usize, out: usize,
): void {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  let s4 = f32x4.splat(0);
  let s5 = f32x4.splat(0);
  let s6 = f32x4.splat(0);
  let s7 = f32x4.splat(0);
  let largest = i16x8.splat(0);
  let isExact = true;
  for (let i: usize = 0; i < count; i++) {
    const row = <usize>load<u32>(pointers + i * 4);
    const weight = load<f32>(weights + i * 4);
    const factor = f32x4.splat(weight);
    if (row < basis) {
      const scaled = isSigned<T>() ? f32x4.splat(weight * F16_SCALE) : factor;
      if (isSigned<T>()) isExact = isExact && abs(weight) < 32768;
      const at0 = row + column * sizeof<T>();
      const loaded0 = v128.load(at0);
      if (isSigned<T>()) largest = i16x8.max_u(largest, i16x8.shl(loaded0, 1));
      s0 = f32x4.add(s0, f32x4.mul(scaled, firstScaled<T>(loaded0)));
      s1 = f32x4.add(s1, f32x4.mul(scaled, secondScaled<T>(at0, loaded0)));
      const at1 = at0 + 8 * sizeof<T>();
      const loaded1 = v128.load(at1);
      if (isSigned<T>()) largest = i16x8.max_u(largest, i16x8.shl(loaded1, 1));
      s2 = f32x4.add(s2, f32x4.mul(scaled, firstScaled<T>(loaded1)));
      s3 = f32x4.add(s3, f32x4.mul(scaled, secondScaled<T>(at1, loaded1)));
      const at2 = at0 + 16 * sizeof<T>();
      const loaded2 = v128.load(at2);
      if (isSigned<T>()) largest = i16x8.max_u(largest, i16x8.shl(loaded2, 1));
      s4 = f32x4.add(s4, f32x4.mul(scaled, firstScaled<T>(loaded2)));
      s5 = f32x4.add(s5, f32x4.mul(scaled, secondScaled<T>(at2, loaded2)));
      const at3 = at0 + 24 * sizeof<T>();
      const loaded3 = v128.load(at3);
      if (isSigned<T>()) largest = i16x8.max_u(largest, i16x8.shl(loaded3, 1));
      s6 = f32x4.add(s6, f32x4.mul(scaled, firstScaled<T>(loaded3)));
      s7 = f32x4.add(s7, f32x4.mul(scaled, secondScaled<T>(at3, loaded3)));
    } else {
      const at = row + column * 4;
      const low0 = v128.load(at, 0);
      const high0 = v128.load(at, 16);
      s0 = f32x4.add(s0, f32x4.mul(factor, firstOfF32<T>(low0, high0)));
      s1 = f32x4.add(s1, f32x4.mul(factor, secondOfF32<T>(low0, high0)));
      const low1 = v128.load(at, 32);
      const high1 = v128.load(at, 48);
      s2 = f32x4.add(s2, f32x4.mul(factor, firstOfF32<T>(low1, high1)));
      s3 = f32x4.add(s3, f32x4.mul(factor, secondOfF32<T>(low1, high1)));
      const low2 = v128.load(at, 64);
      const high2 = v128.load(at, 80);
      s4 = f32x4.add(s4, f32x4.mul(factor, firstOfF32<T>(low2, high2)));
      s5 = f32x4.add(s5, f32x4.mul(factor, secondOfF32<T>(low2, high2)));
      const low3 = v128.load(at, 96);
      const high3 = v128.load(at, 112);
      s6 = f32x4.add(s6, f32x4.mul(factor, firstOfF32<T>(low3, high3)));
      s7 = f32x4.add(s7, f32x4.mul(factor, secondOfF32<T>(low3, high3)));
    }
  }
  // Without its sign, an f16 with all exponent bits set is at least 0xF800.
  if (isSigned<T>() && (!isExact || v128.any_true(i16x8.ge_u(largest, i16x8.splat(<i16>0xf800))))) {
    for (let part: usize = 0; part < 32; part += 8) {
      sum8<T>(column + part, count, pointers, weights, basis, out + part * sizeof<T>());
    }
    return;
  }
  // With a NaN among the 32 their total is NaN. It can be from infinities alone, and then `quieted` changes nothing.
  const total = f32x4.add(
    f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)),
    f32x4.add(f32x4.add(s4, s5), f32x4.add(s6, s7)),
  );
  if (v128.any_true(f32x4.ne(total, total))) {
    s0 = quieted(s0);
    s1 = quieted(s1);
    s2 = quieted(s2);
    s3 = quieted(s3);
    s4 = quieted(s4);
    s5 = quieted(s5);
    s6 = quieted(s6);
    s7 = quieted(s7);
  }
  encode8<T>(out, s0, s1);
  encode8<T>(out + 8 * sizeof<T>(), s2, s3);
  encode8<T>(out + 16 * sizeof<T>(), s4, s5);
  encode8<T>(out + 24 * sizeof<T>(), s6, s7);
}

// @ts-ignore: decorator
@inline
function sum8<T>(
  column: usize, count: usize, pointers: usize, weights: usize, basis: usize, out: usize,
): void {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  for (let i: usize = 0; i < count; i++) {
    const row = <usize>load<u32>(pointers + i * 4);
    const factor = v128.load_splat<f32>(weights + i * 4);
    if (row < basis) {
      const at = row + column * sizeof<T>();
      const loaded = v128.load(at);
      s0 = f32x4.add(s0, f32x4.mul(factor, first<T>(loaded)));
      s1 = f32x4.add(s1, f32x4.mul(factor, second<T>(at, loaded)));
    } else {
      const low = v128.load(row + column * 4);
      const high = v128.load(row + column * 4, 16);
      s0 = f32x4.add(s0, f32x4.mul(factor, firstOfF32<T>(low, high)));
      s1 = f32x4.add(s1, f32x4.mul(factor, secondOfF32<T>(low, high)));
    }
  }
  encode8<T>(out, quieted(s0), quieted(s1));
}

// @ts-ignore: decorator
@inline
function sum1<T>(
  column: usize, count: usize, pointers: usize, weights: usize, basis: usize, out: usize,
): void {
  let sum = f32x4.splat(0);
  for (let i: usize = 0; i < count; i++) {
    const row = <usize>load<u32>(pointers + i * 4);
    const factor = v128.load_splat<f32>(weights + i * 4);
    const values = row < basis ? decode1<T>(row + column * sizeof<T>()) : f32x4.splat(load<f32>(row + column * 4));
    sum = f32x4.add(sum, f32x4.mul(factor, values));
  }
  encode1<T>(out, quieted(sum));
}
