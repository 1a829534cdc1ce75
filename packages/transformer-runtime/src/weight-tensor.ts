import { type ComputeDtype, RevocabError, showText } from "@revocab/core";
import { encodeInto } from "@revocab/matrix";
import type { OnnxRuntime, OnnxTensor } from "@revocab/onnx";

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

/**
 * Rounds weights to f16, whose numbers end at 65,504.
 * @param into [values] their bits
 * @param name for messages: which weights they are
 * @throws RevocabError `unsupported_dtype` for a weight beyond that, which would become infinity
 */
export function roundToF16(values: Float32Array, into: Uint16Array, name: string): void {
  encodeInto("F16", values, new Uint8Array(into.buffer, into.byteOffset, into.byteLength));
  const beyond = into.findIndex((bits) => (bits & 0x7fff) === INFINITY);
  if (beyond === -1) return;
  throw new RevocabError(
    "unsupported_dtype",
    `${showText(name)} holds ${values[beyond]}; f16 ends at 65,504`,
    { hint: "compute in f32: leave out `dtype`" },
  );
}

const INFINITY = 0x7c00;
