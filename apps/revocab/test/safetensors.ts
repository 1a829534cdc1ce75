import { readFileSync, writeFileSync } from "node:fs";

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

interface NewTensor {
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
