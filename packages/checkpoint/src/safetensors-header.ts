import type { FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { RevocabError } from "@revocab/core";
import { BITS_PER_VALUE } from "./dtypes.ts";
import { describeJson, isJsonObject, type JsonObject, type JsonValue, parseJson } from "./json.ts";
import { openForReading } from "./open-for-reading.ts";
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
const HINT = "the file is damaged or no safetensors file: download or convert it again";

/**
 * Reads and checks the header of a safetensors file; the tensors themselves are not read.
 *
 * The format: 8 bytes little-endian length n, n bytes of JSON `{ name: { dtype, shape, data_offsets: [start, end] } }`
 * (offsets from the end of the JSON), then the tensors, without gaps, to the end of the file.
 * @throws RevocabError `missing_file`; `bad_safetensors` when any of this does not hold.
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsFile> {
  const handle = await openForReading(path);
  try {
    const { size } = await handle.stat();
    const length = await headerLength(handle, path, size);
    const bytes = new Uint8Array(length);
    await readExactly(handle, bytes, 8, path);
    const { metadata, tensors } = parseHeader(bytes, 8 + length, size, path);
    return { name: basename(path), path, bytes: size, dataStart: 8 + length, metadata, tensors };
  } finally {
    await handle.close();
  }
}

/** Fills `into` from `position`, or says that the file ended before it should. */
export async function readExactly(
  handle: FileHandle,
  into: Uint8Array,
  position: number,
  path: string,
): Promise<void> {
  for (let done = 0; done < into.length; ) {
    // One read moves at most 2 GiB − 4 KiB on Linux.
    const length = Math.min(into.length - done, 1 << 30);
    const { bytesRead } = await handle.read(into, done, length, position + done);
    if (bytesRead === 0) throw endsTooEarly(path, position + done, into.length - done);
    done += bytesRead;
  }
}

/** A file that ended at a byte from which more were wanted. */
export function endsTooEarly(path: string, position: number, missing: number): RevocabError {
  return new RevocabError(
    "bad_safetensors",
    `${path} ends at byte ${position}, ${missing} bytes before it should`,
    {
      hint: HINT,
    },
  );
}

async function headerLength(handle: FileHandle, path: string, size: number): Promise<number> {
  if (size < 10) fail(path, `has ${size} bytes; the smallest safetensors file has 10`);
  const prefix = new Uint8Array(8);
  await readExactly(handle, prefix, 0, path);
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
