import { basename } from "node:path";
import { RevocabError, showMessage, showText } from "@revocab/core";
import type { FileMark } from "@revocab/files";
import { type FileSource, DAMAGED_HINT as HINT, localFiles, type ReadableFile } from "./file-source.ts";
import { HeaderSyntaxError } from "./header-json.ts";
import type { JsonObject } from "./json.ts";
import { type Header, HeaderError, readHeader } from "./read-header.ts";

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
  readonly metadata: Readonly<Record<string, string>> | undefined;
  /** What the file was when its header was read; for a file on the disk. */
  readonly mark?: FileMark;
  /** In the order of their bytes. */
  readonly tensors: readonly TensorEntry[];
}

/** The limit of the reference library. */
const MAX_HEADER_BYTES = 100e6;

/**
 * Reads and checks the header of a safetensors file; the tensors themselves are not read.
 *
 * The format: 8 bytes little-endian length n, n bytes of JSON `{ name: { dtype, shape, data_offsets: [start, end] } }`
 * (offsets from the end of the JSON), then the tensors, without gaps, to the end of the file; in detail what the
 * safetensors library accepts (read-header.ts).
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
    const { bytes: size, mark } = file;
    const place = { name: basename(path), path, bytes: size, dataStart: 8 + length, mark };
    return { ...place, metadata, tensors };
  } finally {
    await file.close();
  }
}

/**
 * The header as it stands at the beginning of the file, with its length; checked.
 * @throws RevocabError as {@link readSafetensorsHeader} does
 */
export async function readRawHeader(path: string, source: FileSource): Promise<Uint8Array> {
  const { dataStart } = await readSafetensorsHeader(path, source);
  const header = new Uint8Array(dataStart);
  const file = await source.open(path);
  try {
    await file.read(header, 0);
  } finally {
    await file.close();
  }
  return header;
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

/** Reads the header and holds it against the file's size. */
function parseHeader(bytes: Uint8Array, dataStart: number, size: number, path: string) {
  const { metadata, entries } = headerOf(bytes, path);
  const end = dataStart + (entries.at(-1)?.offsets[1] ?? 0);
  if (end > size) {
    const { name, offsets } = entries.find(({ offsets: [, last] }) => dataStart + last > size)!;
    fail(
      path,
      `has ${size} bytes, but the tensor ${showText(name, 100)} ends at byte ${dataStart + offsets[1]}: it is truncated`,
    );
  }
  if (end < size) fail(path, `has ${size - end} bytes after its last tensor`);
  const tensors = entries.map(({ name, dtype, shape, offsets: [start, stop] }): TensorEntry => {
    return { name, dtype, shape, start: dataStart + start, end: dataStart + stop };
  });
  return { metadata, tensors };
}

function headerOf(bytes: Uint8Array, path: string): Header {
  const text = decodeUtf8(bytes, path);
  try {
    return readHeader(text);
  } catch (error) {
    if (error instanceof HeaderError) return fail(path, error.message);
    if (!(error instanceof HeaderSyntaxError)) throw error;
    return fail(path, `has a header that is not valid JSON: ${showMessage(error.message)}`);
  }
}

function decodeUtf8(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail(path, "has a header that is not UTF-8 text");
  }
}

function fail(path: string, what: string): never {
  throw new RevocabError("bad_safetensors", `${showText(path)} ${what}`, { hint: HINT });
}

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
