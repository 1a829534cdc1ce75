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
function checkLengths(dtype: StoredDtype, bytes: Uint8Array, values: Float32Array): void {
  const expected = values.length * BYTES_PER_VALUE[dtype];
  if (bytes.length === expected) return;
  throw new RevocabError(
    "shape_mismatch",
    `${bytes.length} bytes were given for ${values.length} ${dtype} values, which take ${expected} bytes`,
  );
}

/** A 16-bit view needs an even address; values that the file has at an odd one are copied. */
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

/**
 * f32 → stored values (little-endian), rounded once to nearest, ties to even: overflow gives infinity, small values
 * give subnormals, NaN stays NaN with as much of its payload as fits. `into` may start at any address.
 * @throws RevocabError shape_mismatch when the lengths do not belong together
 */
export function encodeInto(dtype: StoredDtype, values: Float32Array, into: Uint8Array): void {
  checkLengths(dtype, into, values);
  if (dtype === "F32") {
    into.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return;
  }
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const isAligned = into.byteOffset % 2 === 0;
  const halves = isAligned
    ? new Uint16Array(into.buffer, into.byteOffset, into.length / 2)
    : new Uint16Array(values.length);
  const encode = dtype === "BF16" ? bf16OfF32Bits : f16OfF32Bits;
  for (let i = 0; i < bits.length; i++) halves[i] = encode(bits[i]);
  if (!isAligned) into.set(new Uint8Array(halves.buffer));
}

function bf16OfF32Bits(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) {
    const kept = bits >>> 16;
    return (kept & 0x7f) === 0 ? kept | 0x40 : kept;
  }
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

function f16OfF32Bits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7c00 | ((magnitude >>> 13) & 0x3ff || 0x200);
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  // Below 2⁻¹⁴ the step is 2⁻²⁴, which is the f32 step just above 0.5: one addition there rounds as f16 would.
  scratch[0] = magnitude;
  scratchValue[0] = scratchValue[0] + 0.5;
  return sign | (scratch[0] - 0x3f000000);
}

const scratch = new Uint32Array(1);
const scratchValue = new Float32Array(scratch.buffer);
