/**
 * The stored dtypes as types the compiler can tell apart, so that one generic kernel gives three: f32 is itself, u16
 * stands for bf16 and i16 for f16.
 */
export type BF16 = u16;
export type F16 = i16;

/**
 * Eight columns are held as two vectors: for f32 the first four and the last four; for 16-bit dtypes the even and the odd
 * ones, which need no shuffle: a shift or a mask takes them out of the eight stored values, and puts them back.
 */

/** The first vector of the eight columns whose stored values begin with `loaded`. */
// @ts-ignore: decorator
@inline
export function first<T>(loaded: v128): v128 {
  if (isFloat<T>()) return loaded;
  const high = i32x4.shl(loaded, 16);
  return isSigned<T>() ? f16ToF32(high) : high;
}

/** The second vector of the eight columns stored at `at`, which begin with `loaded`. */
// @ts-ignore: decorator
@inline
export function second<T>(at: usize, loaded: v128): v128 {
  if (isFloat<T>()) return v128.load(at, 16);
  return isSigned<T>() ? f16ToF32(loaded) : v128.and(loaded, i32x4.splat(0xffff0000));
}

/** The first vector of eight f32 columns, for a sum of T. */
// @ts-ignore: decorator
@inline
export function firstOfF32<T>(low: v128, high: v128): v128 {
  return isFloat<T>() ? low : v128.shuffle<f32>(low, high, 0, 2, 4, 6);
}

/** The second vector of eight f32 columns, for a sum of T. */
// @ts-ignore: decorator
@inline
export function secondOfF32<T>(low: v128, high: v128): v128 {
  return isFloat<T>() ? high : v128.shuffle<f32>(low, high, 1, 3, 5, 7);
}

/** One stored value at `at`, in the first lane. */
// @ts-ignore: decorator
@inline
export function decode1<T>(at: usize): v128 {
  if (isFloat<T>()) return f32x4.splat(load<f32>(at));
  const high = i32x4.splat(<i32>load<u16>(at) << 16);
  return isSigned<T>() ? f16ToF32(high) : high;
}

/** Rounds once to nearest even and stores eight values at `at`. */
// @ts-ignore: decorator
@inline
export function encode8<T>(at: usize, first: v128, second: v128): void {
  if (isFloat<T>()) {
    v128.store(at, quieted(first));
    v128.store(at, quieted(second), 16);
  } else {
    const even = encodeHalves<T>(quieted(first));
    const odd = encodeHalves<T>(quieted(second));
    v128.store(at, v128.or(even, i32x4.shl(odd, 16)));
  }
}

/** Rounds the first lane once to nearest even and stores it at `at`. */
// @ts-ignore: decorator
@inline
export function encode1<T>(at: usize, values: v128): void {
  const quiet = quieted(values);
  if (isFloat<T>()) store<f32>(at, f32x4.extract_lane(quiet, 0));
  else store<u16>(at, <u16>i32x4.extract_lane(encodeHalves<T>(quiet), 0));
}

/** Computed NaNs differ between engines in their payload: every one becomes 0x7FC00000. */
// @ts-ignore: decorator
@inline
function quieted(values: v128): v128 {
  return v128.bitselect(values, i32x4.splat(0x7fc00000), f32x4.eq(values, values));
}

// @ts-ignore: decorator
@inline
function encodeHalves<T>(values: v128): v128 {
  return isSigned<T>() ? f32ToF16(values) : f32ToBF16(values);
}

/** The sum carries into the upper half exactly when the lower half is above one half, or is one half beside an odd value. */
// @ts-ignore: decorator
@inline
function f32ToBF16(bits: v128): v128 {
  const odd = v128.and(i32x4.shr_u(bits, 16), i32x4.splat(1));
  return i32x4.shr_u(i32x4.add(i32x4.add(bits, i32x4.splat(0x7fff)), odd), 16);
}

/**
 * f16 in the high half of each lane, anything in the low half → f32. An arithmetic shift puts exponent and mantissa where
 * f32 has them, three copies of the sign and the low half are masked away, and a product with 2¹¹² (exact, subnormals
 * included) corrects the exponent. Infinities and NaNs, and they alone, then have exponent 16.
 */
// @ts-ignore: decorator
@inline
function f16ToF32(high: v128): v128 {
  const placed = v128.and(i32x4.shr_s(high, 3), i32x4.splat(0x8fffe000));
  const value = f32x4.mul(placed, f32x4.splat(5192296858534827628530496329220096.0));
  const exponent = v128.and(placed, i32x4.splat(0x0f800000));
  const isLarge = i32x4.eq(exponent, i32x4.splat(0x0f800000));
  return v128.or(value, v128.and(isLarge, i32x4.splat(0x7f800000)));
}

/**
 * f32 → f16 in the low half of each lane. Above 2⁻¹⁴ as for bf16; below, the step is 2⁻²⁴, which is the f32 step just above
 * 0.5, so one addition there rounds as f16 would.
 */
// @ts-ignore: decorator
@inline
function f32ToF16(bits: v128): v128 {
  const sign = v128.and(i32x4.shr_u(bits, 16), i32x4.splat(0x8000));
  const magnitude = v128.and(bits, i32x4.splat(0x7fffffff));
  const odd = v128.and(i32x4.shr_u(magnitude, 13), i32x4.splat(1));
  const normal = i32x4.shr_u(i32x4.add(i32x4.add(magnitude, i32x4.splat(0xc8000fff)), odd), 13);
  const small = i32x4.sub(f32x4.add(magnitude, f32x4.splat(0.5)), i32x4.splat(0x3f000000));
  const finite = v128.bitselect(small, normal, i32x4.lt_s(magnitude, i32x4.splat(0x38800000)));
  const isNaN = i32x4.gt_s(magnitude, i32x4.splat(0x7f800000));
  const large = v128.or(i32x4.splat(0x7c00), v128.and(isNaN, i32x4.splat(0x200)));
  const isLarge = i32x4.ge_s(magnitude, i32x4.splat(0x477ff000));
  return v128.or(sign, v128.bitselect(large, finite, isLarge));
}
