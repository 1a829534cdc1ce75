import { BF16, decode1, F16, first, hashPrime, second } from "./stored";

export function scanRowsF32(rows: usize, columns: usize, values: usize, norms: usize, hashes: usize): void {
  scanRows<f32>(rows, columns, values, norms, hashes);
}

export function scanRowsF16(rows: usize, columns: usize, values: usize, norms: usize, hashes: usize): void {
  scanRows<F16>(rows, columns, values, norms, hashes);
}

export function scanRowsBF16(rows: usize, columns: usize, values: usize, norms: usize, hashes: usize): void {
  scanRows<BF16>(rows, columns, values, norms, hashes);
}

/**
 * Of each of the rows at `values`, [rows × columns] of T: the sum of its squares, f64 at `norms` [rows], and a hash of its
 * bytes, u64 at `hashes` [rows].
 *
 * The squares are exact in f64 and are summed in the order of the columns; four rows at a time keep the adders busy. The last
 * four may be the same row several times, which is then written several times.
 */
function scanRows<T>(rows: usize, columns: usize, values: usize, norms: usize, hashes: usize): void {
  const rowBytes = columns * sizeof<T>();
  for (let row: usize = 0; row < rows; row += 4) {
    const row1 = min(row + 1, rows - 1);
    const row2 = min(row + 2, rows - 1);
    const row3 = min(row + 3, rows - 1);
    let at0 = values + row * rowBytes;
    let at1 = values + row1 * rowBytes;
    let at2 = values + row2 * rowBytes;
    let at3 = values + row3 * rowBytes;
    const end = at0 + rowBytes;
    let sums01 = f64x2.splat(0);
    let sums23 = f64x2.splat(0);
    let hash0 = i32x4.splat(0);
    let hash1 = i32x4.splat(0);
    let hash2 = i32x4.splat(0);
    let hash3 = i32x4.splat(0);
    while (at0 + 8 * sizeof<T>() <= end) {
      sums01 = addSquares<T>(sums01, at0, at1);
      sums23 = addSquares<T>(sums23, at2, at3);
      hash0 = addBytes<T>(hash0, at0);
      hash1 = addBytes<T>(hash1, at1);
      hash2 = addBytes<T>(hash2, at2);
      hash3 = addBytes<T>(hash3, at3);
      at0 += 8 * sizeof<T>();
      at1 += 8 * sizeof<T>();
      at2 += 8 * sizeof<T>();
      at3 += 8 * sizeof<T>();
    }
    const rest = end - at0;
    finishRow<T>(f64x2.extract_lane(sums01, 0), hash0, at0, rest, norms + row * 8, hashes + row * 8);
    finishRow<T>(f64x2.extract_lane(sums01, 1), hash1, at1, rest, norms + row1 * 8, hashes + row1 * 8);
    finishRow<T>(f64x2.extract_lane(sums23, 0), hash2, at2, rest, norms + row2 * 8, hashes + row2 * 8);
    finishRow<T>(f64x2.extract_lane(sums23, 1), hash3, at3, rest, norms + row3 * 8, hashes + row3 * 8);
  }
}

/** Adds the squares of eight columns of two rows to their sums, column by column. */
// @ts-ignore: decorator
@inline
function addSquares<T>(sums: v128, at: usize, beside: usize): v128 {
  const loaded = v128.load(at);
  const loadedBeside = v128.load(beside);
  const a = first<T>(loaded);
  const b = first<T>(loadedBeside);
  const c = second<T>(at, loaded);
  const d = second<T>(beside, loadedBeside);
  // each holds two columns of both rows: the next ones for f32, every other one for 16-bit dtypes
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const abAfter = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const cdAfter = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  if (isFloat<T>()) {
    return addHigh(addLow(addHigh(addLow(addHigh(addLow(addHigh(addLow(sums, ab), ab), abAfter), abAfter), cd), cd), cdAfter), cdAfter);
  }
  const half = addHigh(addHigh(addLow(addLow(sums, ab), cd), ab), cd);
  return addHigh(addHigh(addLow(addLow(half, abAfter), cdAfter), abAfter), cdAfter);
}

// @ts-ignore: decorator
@inline
function addLow(sums: v128, values: v128): v128 {
  const wide = f64x2.promote_low_f32x4(values);
  return f64x2.add(sums, f64x2.mul(wide, wide));
}

// @ts-ignore: decorator
@inline
function addHigh(sums: v128, values: v128): v128 {
  return addLow(sums, v128.shuffle<f32>(values, values, 2, 3, 2, 3));
}

// @ts-ignore: decorator
@inline
function addBytes<T>(hash: v128, at: usize): v128 {
  const mixed = mix(hash, v128.load(at));
  return isFloat<T>() ? mix(mixed, v128.load(at, 16)) : mixed;
}

/** Four hashes of 32 bits each, of every fourth word. The shift brings the high bits down, which a product takes only up. */
// @ts-ignore: decorator
@inline
function mix(hash: v128, words: v128): v128 {
  const product = i32x4.mul(v128.xor(hash, words), hashPrime());
  return v128.xor(product, i32x4.shr_u(product, 15));
}

/** The fewer than eight columns at the end, one by one. */
function finishRow<T>(sum: f64, hash: v128, at: usize, bytes: usize, norm: usize, hashed: usize): void {
  for (let i: usize = 0; i < bytes; i += sizeof<T>()) {
    const value = <f64>f32x4.extract_lane(decode1<T>(at + i), 0);
    sum += value * value;
    hash = mix(hash, sizeof<T>() == 4 ? i32x4.splat(load<i32>(at + i)) : i32x4.splat(<i32>load<u16>(at + i)));
  }
  store<f64>(norm, sum);
  const low = i64x2.extract_lane(hash, 0);
  const high = i64x2.extract_lane(hash, 1);
  store<i64>(hashed, (low ^ (low >>> 29)) * <i64>0x9e3779b97f4a7c15 + (high ^ (high >>> 32)) * <i64>0xbf58476d1ce4e5b9);
}
