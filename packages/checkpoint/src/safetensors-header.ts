import { basename } from "node:path";
import { RevocabError } from "@revocab/core";
import { BITS_PER_VALUE } from "./dtypes.ts";
import type { FileSource, ReadableFile } from "./file-source.ts";
import { describeJson, isJsonObject, type JsonObject, type JsonValue, parseJson } from "./json.ts";
import { localFiles } from "./local-files.ts";
import { DAMAGED_HINT as HINT } from "./read-exactly.ts";
import { repeatedKey } from "./repeated-key.ts";

/** One tensor of a safetensors file. */
export interface TensorEntry {
  readonly name: string;
  /** As the header writes it: `BF16`, `F8_E4M3`, … */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** First byte and the byte after the last, counted from the start of the file. */
  readonly start: number;
  readonly end: number;
}

/** A safetensors file whose header has been checked against the file's size. */
export interface SafetensorsFile {
  /** Name inside the model folder. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** Where the tensors' bytes begin. */
  readonly dataStart: number;
  readonly metadata: JsonObject | undefined;
  /** In the order of their bytes. */
  readonly tensors: readonly TensorEntry[];
}

/** The limit of the reference library. */
const MAX_HEADER_BYTES = 100e6;

/**
 * Reads and checks the header of a safetensors file; the tensors themselves are not read.
 *
 * The format: 8 bytes little-endian length n, n bytes of JSON `{ name: { dtype, shape, data_offsets: [start, end] } }`
 * (offsets from the end of the JSON), then the tensors, without gaps, to the end of the file.
 * @throws RevocabError `missing_file`; `bad_safetensors` when any of this does not hold.
 */
export async function readSafetensorsHeader(
  path: string,
  source: FileSource = localFiles,
): Promise<SafetensorsFile> {
  const file = await source.open(path);
  try {
    const length = await headerLength(file, path);
    const bytes = new Uint8Array(length);
    await file.read(bytes, 8);
    const { metadata, tensors } = parseHeader(bytes, 8 + length, file.bytes, path);
    return { name: basename(path), path, bytes: file.bytes, dataStart: 8 + length, metadata, tensors };
  } finally {
    await file.close();
  }
}

async function headerLength(file: ReadableFile, path: string): Promise<number> {
  const size = file.bytes;
  if (size < 10) fail(path, `has ${size} bytes; the smallest safetensors file has 10`);
  const prefix = new Uint8Array(8);
  await file.read(prefix, 0);
  const length = new DataView(prefix.buffer).getBigUint64(0, true);
  if (length > BigInt(size - 8)) {
    fail(path, `says that its header has ${length} bytes, but only ${size - 8} bytes follow`);
  }
  if (length > BigInt(MAX_HEADER_BYTES)) {
    fail(path, `says that its header has ${length} bytes; at most ${MAX_HEADER_BYTES} are allowed`);
  }
  return Number(length);
}

function parseHeader(bytes: Uint8Array, dataStart: number, size: number, path: string) {
  const text = decodeUtf8(bytes, path);
  const header = parseJson(text, `the header of ${path}`, "bad_safetensors", HINT);
  if (!isJsonObject(header)) fail(path, `has ${describeJson(header)} as its header; an object was expected`);
  const repeated = repeatedKey(text);
  if (repeated !== undefined) fail(path, `has two tensors named "${repeated}" in its header`);

  const metadata = header.__metadata__;
  if (metadata !== undefined && !isJsonObject(metadata)) {
    fail(path, `has ${describeJson(metadata)} as __metadata__; an object was expected`);
  }
  const tensors = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, value]) => parseEntry(name, value, dataStart, path))
    .sort((a, b) => a.start - b.start || a.end - b.end);
  checkTiling(tensors, dataStart, size, path);
  return { metadata, tensors };
}

function decodeUtf8(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail(path, "has a header that is not UTF-8 text");
  }
}

function parseEntry(
  name: string,
  value: JsonValue | undefined,
  dataStart: number,
  path: string,
): TensorEntry {
  if (!isJsonObject(value))
    fail(path, `describes the tensor ${name} by ${describeJson(value)}, not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string") fail(path, `gives the tensor ${name} no dtype`);
  if (!isCountList(shape)) fail(path, `gives the tensor ${name} the shape ${JSON.stringify(shape)}`);
  if (!isCountList(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    fail(path, `gives the tensor ${name} the data_offsets ${JSON.stringify(offsets)}`);
  }
  const [start, end] = offsets as readonly [number, number];
  const bits = BITS_PER_VALUE[dtype];
  const expected = bits === undefined ? end - start : (shape.reduce((a, b) => a * b, 1) * bits) / 8;
  if (expected !== end - start) {
    fail(path, `gives the tensor ${name} (${dtype} [${shape}]) ${end - start} bytes; it needs ${expected}`);
  }
  return { name, dtype, shape, start: dataStart + start, end: dataStart + end };
}

function isCountList(value: JsonValue | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);
}

function checkTiling(tensors: readonly TensorEntry[], dataStart: number, size: number, path: string): void {
  let position = dataStart;
  for (const { name, start, end } of tensors) {
    if (end > size)
      fail(path, `has ${size} bytes, but the tensor ${name} ends at byte ${end}: it is truncated`);
    if (start < position)
      fail(path, `has overlapping tensors: ${name} starts ${position - start} bytes too early`);
    if (start > position)
      fail(path, `has ${start - position} bytes before the tensor ${name} that belong to none`);
    position = end;
  }
  if (position !== size) fail(path, `has ${size - position} bytes after its last tensor`);
}

function fail(path: string, what: string): never {
  throw new RevocabError("bad_safetensors", `${path} ${what}`, { hint: HINT });
}
