import { type ComputeDtype, RevocabError, showText } from "@revocab/core";
import { decodeInto, encodeInto } from "@revocab/matrix";
import type { OnnxRuntime, OnnxTensor } from "@revocab/onnx";
import type { RunnableDtype } from "./weights.ts";

/**
 * Weights as products take them.
 * @param values used as they are for f32
 * @param name for messages: which weights they are
 * @throws RevocabError as `roundToF16`
 */
export function weightTensor(
  { Tensor }: OnnxRuntime,
  values: Float32Array,
  shape: readonly number[],
  dtype: ComputeDtype,
  name: string,
): OnnxTensor {
  if (dtype === "f32") return new Tensor("float32", values, shape);
  const halves = new Uint16Array(values.length);
  roundToF16(values, halves, name);
  return new Tensor("float16", halves, shape);
}

/** Stored weights → f32; those of f64 are rounded. `bytes` begin at a multiple of 8. */
export function decodeF32(dtype: RunnableDtype, bytes: Uint8Array, into: Float32Array): void {
  if (dtype === "F64") into.set(new Float64Array(bytes.buffer, bytes.byteOffset, into.length));
  else decodeInto(dtype, bytes, into);
}

/**
 * Stored weights → the bits of f16. `bytes` begin at a multiple of 8.
 * @param name for messages: which weights they are
 * @throws RevocabError as `roundToF16`
 */
export function decodeF16(dtype: RunnableDtype, bytes: Uint8Array, into: Uint16Array, name: string): void {
  if (dtype === "F16") new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(bytes);
  else if (dtype === "BF16") roundBf16ToF16(bytes, into, name);
  else {
    const perValue = bytes.length / into.length;
    const block = new Float32Array(Math.min(into.length, BLOCK));
    for (let start = 0; start < into.length; start += block.length) {
      const end = Math.min(start + block.length, into.length);
      const values = block.subarray(0, end - start);
      decodeF32(dtype, bytes.subarray(start * perValue, end * perValue), values);
      roundToF16(values, into.subarray(start, end), name);
    }
  }
}

/** Numbers that are there in f32 at a time. */
const BLOCK = 65_536;

/**
 * Rounds weights to f16, whose numbers end at 65,504.
 * @param into [values] their bits
 * @param name for messages: which weights they are
 * @throws RevocabError `unsupported_dtype` for a weight beyond that, which would become infinity
 */
export function roundToF16(values: Float32Array, into: Uint16Array, name: string): void {
  encodeInto("F16", values, new Uint8Array(into.buffer, into.byteOffset, into.byteLength));
  for (let i = 0; i < into.length; i++) {
    if ((into[i] & 0x7fff) === INFINITY) throw beyondF16(name, values[i]);
  }
}

/** There are so few numbers of bf16 that a table replaces the arithmetic. */
function roundBf16ToF16(bytes: Uint8Array, into: Uint16Array, name: string): void {
  const stored = new Uint16Array(bytes.buffer, bytes.byteOffset, into.length);
  f16OfBf16 ??= tabulate();
  for (let i = 0; i < into.length; i++) {
    into[i] = f16OfBf16[stored[i]];
    if ((into[i] & 0x7fff) === INFINITY) throw beyondF16(name, valuesOfBf16(stored.subarray(i, i + 1))[0]);
  }
}

const INFINITY = 0x7c00;

/** [65,536] the bits in f16 of each number of bf16, by its bits. */
let f16OfBf16: Uint16Array | undefined;

function tabulate(): Uint16Array {
  const all = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
  const halves = new Uint16Array(all.length);
  encodeInto("F16", valuesOfBf16(all), new Uint8Array(halves.buffer));
  return halves;
}

function valuesOfBf16(bits: Uint16Array): Float32Array {
  const values = new Float32Array(bits.length);
  decodeInto("BF16", new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength), values);
  return values;
}

function beyondF16(name: string, value: number): RevocabError {
  return new RevocabError("unsupported_dtype", `${showText(name)} holds ${value}; f16 ends at 65,504`, {
    hint: "compute in f32: leave out `dtype`",
  });
}
