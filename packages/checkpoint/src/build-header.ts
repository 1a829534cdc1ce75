import type { JsonObject } from "./json.ts";

export interface HeaderTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** In bytes. */
  readonly length: number;
}

/**
 * The length word and the JSON header of a safetensors file whose tensors follow in this order, padded with spaces
 * to a multiple of 8 bytes as the reference library does, so that the tensors start aligned.
 */
export function buildHeader(tensors: readonly HeaderTensor[], metadata: JsonObject | undefined): Uint8Array {
  const entries = metadata === undefined ? [] : [`"__metadata__":${JSON.stringify(metadata)}`];
  let position = 0;
  for (const { name, dtype, shape, length } of tensors) {
    const data_offsets = [position, position + length];
    // By hand: an object would put names that look like numbers first.
    entries.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets })}`);
    position += length;
  }
  const json = new TextEncoder().encode(`{${entries.join(",")}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + padded).fill(0x20, 8);
  header.set(json, 8);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  return header;
}
