/**
 * The stored dtypes as types the compiler can tell apart, so that one generic kernel gives three: f32 is itself, u16
 * stands for bf16 and i16 for f16.
 */
export type BF16 = u16;
export type F16 = i16;

/**
 * V8 builds a vector constant anew at each use, in three or four instructions; one that lies in memory costs one load. The
 * first 256 bytes of the memory belong to them; every instance writes the same values there when it starts.
 */
const HIGH_HALF: usize = 0;
const QUIET_NAN: usize = 16;
const BF16_ROUND: usize = 32;
const F16_PLACE: usize = 48;
const F16_SCALE: usize = 64;
const F16_EXPONENT: usize = 80;
const F32_INFINITY: usize = 96;
const F16_SIGN: usize = 112;
const MAGNITUDE: usize = 128;
const F16_ROUND: usize = 144;
const ONE_HALF: usize = 160;
const F16_NORMAL: usize = 176;
const F16_INFINITY: usize = 192;
const F16_QUIET: usize = 208;
const F16_OVERFLOW: usize = 224;
const HASH_PRIME: usize = 240;

v128.store(HIGH_HALF, i32x4.splat(0xffff0000));
v128.store(QUIET_NAN, i32x4.splat(0x7fc00000));
v128.store(BF16_ROUND, i32x4.splat(0x7fff));
v128.store(F16_PLACE, i32x4.splat(0x8fffe000));
v128.store(F16_SCALE, f32x4.splat(5192296858534827628530496329220096.0));
v128.store(F16_EXPONENT, i32x4.splat(0x0f800000));
v128.store(F32_INFINITY, i32x4.splat(0x7f800000));
v128.store(F16_SIGN, i32x4.splat(0x8000));
v128.store(MAGNITUDE, i32x4.splat(0x7fffffff));
v128.store(F16_ROUND, i32x4.splat(0xc8000fff));
v128.store(ONE_HALF, f32x4.splat(0.5));
v128.store(F16_NORMAL, i32x4.splat(0x38800000));
v128.store(F16_INFINITY, i32x4.splat(0x7c00));
v128.store(F16_QUIET, i32x4.splat(0x200));
v128.store(F16_OVERFLOW, i32x4.splat(0x477ff000));
v128.store(HASH_PRIME, i32x4.splat(0x85ebca6b));

// @ts-ignore: decorator
@inline
function constant(at: usize): v128 {
  return v128.load(at);
}

/** An odd factor, which mixes the bits of a hash. */
// @ts-ignore: decorator
@inline
export function hashPrime(): v128 {
  return constant(HASH_PRIME);
}

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
  return isSigned<T>() ? f16ToF32(loaded) : v128.and(loaded, constant(HIGH_HALF));
}

/** As `first`, but f16 comes out 2¹¹² times too small, and infinities and NaNs as finite numbers. */
// @ts-ignore: decorator
@inline
export function firstScaled<T>(loaded: v128): v128 {
  return isSigned<T>() ? placedF16(i32x4.shl(loaded, 16)) : first<T>(loaded);
}

/** As `second`, but f16 comes out 2¹¹² times too small, and infinities and NaNs as finite numbers. */
// @ts-ignore: decorator
@inline
export function secondScaled<T>(at: usize, loaded: v128): v128 {
  return isSigned<T>() ? placedF16(loaded) : second<T>(at, loaded);
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

/** Computed NaNs differ between engines in their payload: every one becomes 0x7FC00000. */
// @ts-ignore: decorator
@inline
export function quieted(values: v128): v128 {
  return v128.bitselect(values, constant(QUIET_NAN), f32x4.eq(values, values));
}

/** Rounds eight values once to nearest even and stores them at `at`; a NaN must be quiet. */
// @ts-ignore: decorator
@inline
export function encode8<T>(at: usize, first: v128, second: v128): void {
  if (isFloat<T>()) {
    v128.store(at, first);
    v128.store(at, second, 16);
  } else if (isSigned<T>()) {
    v128.store(at, v128.or(f32ToF16(first), i32x4.shl(f32ToF16(second), 16)));
  } else {
    const odd = v128.and(roundedToBF16(second), constant(HIGH_HALF));
    v128.store(at, v128.or(i32x4.shr_u(roundedToBF16(first), 16), odd));
  }
}

/** Rounds the first lane once to nearest even and stores it at `at`; a NaN must be quiet. */
// @ts-ignore: decorator
@inline
export function encode1<T>(at: usize, values: v128): void {
  if (isFloat<T>()) store<f32>(at, f32x4.extract_lane(values, 0));
  else if (isSigned<T>()) store<u16>(at, <u16>i32x4.extract_lane(f32ToF16(values), 0));
  else store<u16>(at, <u16>(i32x4.extract_lane(roundedToBF16(values), 0) >>> 16));
}

/**
 * f32 → bf16 in the high half of each lane. The sum carries into it exactly when the low half is above one half, or is one
 * half beside an odd value.
 */
// @ts-ignore: decorator
@inline
function roundedToBF16(bits: v128): v128 {
  const odd = i32x4.shr_u(i32x4.shl(bits, 15), 31);
  return i32x4.add(i32x4.add(bits, constant(BF16_ROUND)), odd);
}

/** f16 in the high half of each lane, anything in the low half → f32. Infinities and NaNs alone are placed at exponent 31. */
// @ts-ignore: decorator
@inline
function f16ToF32(high: v128): v128 {
  const placed = placedF16(high);
  const value = f32x4.mul(placed, constant(F16_SCALE));
  const exponent = v128.and(placed, constant(F16_EXPONENT));
  const isLarge = i32x4.eq(exponent, constant(F16_EXPONENT));
  return v128.or(value, v128.and(isLarge, constant(F32_INFINITY)));
}

/**
 * An arithmetic shift puts exponent and mantissa of an f16 where f32 has them; three copies of the sign and the low half are
 * masked away. For finite values, subnormals included, what is missing is a factor of 2¹¹².
 */
// @ts-ignore: decorator
@inline
function placedF16(high: v128): v128 {
  return v128.and(i32x4.shr_s(high, 3), constant(F16_PLACE));
}

/**
 * f32 → f16 in the low half of each lane. Above 2⁻¹⁴ as for bf16; below, the step is 2⁻²⁴, which is the f32 step just above
 * 0.5, so one addition there rounds as f16 would.
 */
// @ts-ignore: decorator
@inline
function f32ToF16(bits: v128): v128 {
  const sign = v128.and(i32x4.shr_u(bits, 16), constant(F16_SIGN));
  const magnitude = v128.and(bits, constant(MAGNITUDE));
  const odd = i32x4.shr_u(i32x4.shl(magnitude, 18), 31);
  const normal = i32x4.shr_u(i32x4.add(i32x4.add(magnitude, constant(F16_ROUND)), odd), 13);
  const small = i32x4.sub(f32x4.add(magnitude, constant(ONE_HALF)), constant(ONE_HALF));
  const finite = v128.bitselect(small, normal, i32x4.lt_s(magnitude, constant(F16_NORMAL)));
  const isNaN = i32x4.gt_s(magnitude, constant(F32_INFINITY));
  const large = v128.or(constant(F16_INFINITY), v128.and(isNaN, constant(F16_QUIET)));
  const isLarge = i32x4.ge_s(magnitude, constant(F16_OVERFLOW));
  return v128.or(sign, v128.bitselect(large, finite, isLarge));
}
