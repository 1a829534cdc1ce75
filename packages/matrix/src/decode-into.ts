import { BYTES_PER_VALUE, RevocabError, type StoredDtype } from "@revocab/core";

/**
 * Stored values (little-endian) → f32, exactly: every f16 and bf16 value is an f32 value, and NaN payloads are kept.
 * `bytes` may start at any address.
 * @throws RevocabError shape_mismatch when the lengths do not belong together
 */
export function decodeInto(dtype: StoredDtype, bytes: Uint8Array, into: Float32Array): void {
  checkLengths(dtype, bytes, into);
  const bits = new Uint32Array(into.buffer, into.byteOffset, into.length);
  if (dtype === "F32") {
    new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(bytes);
    return;
  }
  const stored = halvesOf(bytes);
  if (dtype === "BF16") {
    for (let i = 0; i < stored.length; i++) bits[i] = stored[i] << 16;
  } else {
    for (let i = 0; i < stored.length; i++) bits[i] = f32BitsOfF16(stored[i]);
  }
}

/** @throws RevocabError shape_mismatch unless `bytes` holds exactly `values.length` values of `dtype` */
export function checkLengths(dtype: StoredDtype, bytes: Uint8Array, values: Float32Array): void {
  const expected = values.length * BYTES_PER_VALUE[dtype];
  if (bytes.length === expected) return;
  throw new RevocabError(
    "shape_mismatch",
    `${bytes.length} bytes were given for ${values.length} ${dtype} values, which take ${expected} bytes`,
  );
}

/** A 16-bit view needs an even address; a copy is made where the file put the values at an odd one. */
function halvesOf(bytes: Uint8Array): Uint16Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.length / 2);
}

function f32BitsOfF16(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (mantissa << 13);
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (mantissa << 13);
  if (mantissa === 0) return sign;
  const leading = 31 - Math.clz32(mantissa);
  return sign | ((leading + 103) << 23) | ((mantissa << (23 - leading)) & 0x7fffff);
}
