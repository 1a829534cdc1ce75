import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

/** Rewrites the header of a safetensors file, right or wrong; the bytes of the tensors stay. */
export function editHeader(path: string, edit: (header: Header) => void): void {
  const { header, data } = read(path);
  edit(header);
  write(path, header, data);
}

/** Adds a tensor of `megabytes`, so that copying the file takes a while. */
export function addTensor(path: string, name: string, megabytes: number): void {
  const bytes = Buffer.alloc(megabytes * 1e6);
  for (let i = 0; i < bytes.length; i += 4099) bytes[i] = i % 63; // bf16 stays finite
  append(path, () => ({ name, dtype: "BF16", shape: [bytes.length / 200, 100], bytes }));
}

/** Stores a tensor once more, under another name. */
export function copyTensor(path: string, from: string, name: string): void {
  append(path, (header, data) => {
    const entry = header[from];
    if (!entry) throw new Error(`${path} has no tensor ${from}`);
    const { dtype, shape } = entry;
    return { name, dtype, shape, bytes: data.subarray(...entry.data_offsets) };
  });
}

/** Writes a file of these tensors. */
export function writeTensors(path: string, tensors: readonly NewTensor[]): void {
  const header: Header = {};
  let position = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    header[name] = { dtype, shape, data_offsets: [position, position + bytes.length] };
    position += bytes.length;
  }
  write(path, header, Buffer.concat(tensors.map(({ bytes }) => bytes)));
}

/** Copies a model with a file for each tensor, and others of small tensors until there are `count` files. */
export function shardModel(source: string, target: string, count: number): void {
  cpSync(source, target, { recursive: true });
  const { header, data } = read(join(target, "model.safetensors"));
  rmSync(join(target, "model.safetensors"));
  const own = Object.entries(header).flatMap(([name, { dtype, shape, data_offsets }]) =>
    name === "__metadata__" ? [] : [{ name, dtype, shape, bytes: data.subarray(...data_offsets) }],
  );
  const more = Array.from({ length: count - own.length }, (_, i) => {
    return { name: `model.more.${i}`, dtype: "F32", shape: [3], bytes: Buffer.alloc(12) };
  });
  const weightMap: Record<string, string> = {};
  for (const [i, tensor] of [...own, ...more].entries()) {
    const file = `m-${i}.safetensors`;
    writeTensors(join(target, file), [tensor]);
    weightMap[tensor.name] = file;
  }
  const index = { metadata: { total_size: data.length + 12 * more.length }, weight_map: weightMap };
  writeFileSync(join(target, "model.safetensors.index.json"), JSON.stringify(index));
}

export interface NewTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: number[];
  readonly bytes: Buffer;
}

function append(path: string, make: (header: Header, data: Buffer) => NewTensor): void {
  const { header, data } = read(path);
  const { name, dtype, shape, bytes } = make(header, data);
  header[name] = { dtype, shape, data_offsets: [data.length, data.length + bytes.length] };
  write(path, header, Buffer.concat([data, bytes]));
}

function read(path: string): { header: Header; data: Buffer } {
  const bytes = readFileSync(path);
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  return { header: JSON.parse(bytes.subarray(8, end).toString()) as Header, data: bytes.subarray(end) };
}

function write(path: string, header: Header, data: Buffer): void {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, Buffer.concat([length, json, data]));
}
