import { quote, showText } from "@revocab/core";
import { type Count, Entries, type HeaderValue, OtherNumber, parseHeaderJson } from "./header-json.ts";

/** A tensor as the header describes it. */
interface HeaderEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** From the end of the header. */
  readonly offsets: readonly [number, number];
}

export interface Header {
  readonly metadata: Readonly<Record<string, string>> | undefined;
  /** In the order of their bytes, which have no gaps between them. */
  readonly entries: readonly HeaderEntry[];
}

/** Why bytes are not a safetensors header, in words that follow the file's name. */
export class HeaderError extends Error {}

/**
 * Reads the JSON of a safetensors header by the rules of the safetensors library, all that it accepts and nothing else:
 *
 * - an object of tensors, and `__metadata__` at most once: null, or an object of strings, of which a repeated key's last
 *   value counts;
 * - of tensors with one name the last counts, but each must be a tensor;
 * - a tensor is an object with `dtype`, `shape` and `data_offsets`, each once, other keys are passed over; or a list of the
 *   three in this order;
 * - a dtype is a name, or an object with the name as its one key and null as the value (an enum of serde);
 * - sizes and offsets are whole numbers below 2⁶⁴ without sign, point or exponent; the bits of a tensor are below 2⁶⁴,
 *   multiplied in the order of the shape, and whole bytes;
 * - the tensors, sorted by their offsets, follow each other from 0 without a gap.
 *
 * One thing is refused that the library accepts: a size above 2⁵³ − 1, which only an empty tensor can have.
 * @throws HeaderError; HeaderSyntaxError for what is no JSON
 */
export function readHeader(text: string): Header {
  const header = parseHeaderJson(text);
  if (!(header instanceof Entries)) fail(`has ${shown(header)} as its header; an object was expected`);
  let metadata: HeaderValue | undefined;
  const entries = new Map<string, HeaderEntry>();
  for (const [name, value] of header.list) {
    if (name !== "__metadata__") entries.set(name, readEntry(name, value));
    else if (metadata === undefined) metadata = value;
    else fail("has __metadata__ twice in its header");
  }
  return {
    metadata: readMetadata(metadata),
    entries: inOrder([...entries.values()]),
  };
}

function readMetadata(value: HeaderValue | undefined): Header["metadata"] {
  if (value === undefined || value === null) return undefined;
  if (!(value instanceof Entries)) fail(`has ${shown(value)} as __metadata__; an object was expected`);
  const wrong = value.list.find(([, text]) => typeof text !== "string");
  if (wrong !== undefined) {
    fail(`has ${shown(wrong[1])} as the value of ${quote(wrong[0])} in __metadata__; a string was expected`);
  }
  return Object.fromEntries(value.list as readonly (readonly [string, string])[]);
}

function readEntry(name: string, value: HeaderValue): HeaderEntry {
  const place = `the tensor ${showText(name, MOST_SHOWN)}`;
  const [dtype, shape, offsets] = fieldsOf(place, value);
  const entry = {
    name,
    dtype: readDtype(place, dtype),
    shape: readCounts(place, "shape", shape),
    offsets: readCounts(place, "data_offsets", offsets),
  };
  const { offsets: counts } = entry;
  if (counts.length === 2) return { ...entry, offsets: counts as readonly number[] as [number, number] };
  return fail(`gives ${place} ${counts.length} data_offsets; 2 were expected`);
}

const FIELDS = ["dtype", "shape", "data_offsets"] as const;

function fieldsOf(place: string, value: HeaderValue): readonly HeaderValue[] {
  if (Array.isArray(value)) {
    if (value.length === FIELDS.length) return value;
    fail(`describes ${place} by a list of ${value.length}; dtype, shape and data_offsets were expected`);
  }
  if (!(value instanceof Entries)) fail(`describes ${place} by ${shown(value)}; an object was expected`);
  const { list } = value;
  return FIELDS.map((field) => {
    const found = list.filter(([key]) => key === field);
    if (found.length === 1) return found[0]![1];
    return fail(`gives ${place} ${found.length === 0 ? "no" : "more than one"} ${field}`);
  });
}

function readDtype(place: string, value: HeaderValue): string {
  const [key, content] = value instanceof Entries && value.list.length === 1 ? value.list[0]! : [value, null];
  if (typeof key === "string" && content === null && Object.hasOwn(BITS_PER_VALUE, key)) return key;
  const found = typeof key === "string" && content === null ? key : value;
  return fail(`gives ${place} the dtype ${shown(found)}; one of the format was expected: ${DTYPES}`);
}

function readCounts(place: string, field: string, value: HeaderValue): readonly number[] {
  if (!Array.isArray(value)) fail(`gives ${place} the ${field} ${shown(value)}; a list was expected`);
  const counts = value as readonly HeaderValue[];
  const wrong = counts.find((count) => !isCount(count));
  if (wrong !== undefined) {
    fail(`gives ${place} ${shown(wrong)} in its ${field}; a whole number of 0 or more was expected`);
  }
  const large = counts.find((count) => typeof count === "bigint");
  if (large !== undefined) {
    fail(`gives ${place} ${large} in its ${field}; numbers beyond 2^53 - 1 are not supported here`);
  }
  return counts as readonly number[];
}

function isCount(value: HeaderValue): value is Count {
  return typeof value === "number" || typeof value === "bigint";
}

function inOrder(entries: readonly HeaderEntry[]): readonly HeaderEntry[] {
  const sorted = [...entries].sort(({ offsets: [a, aEnd] }, { offsets: [b, bEnd] }) => a - b || aEnd - bEnd);
  let position = 0;
  for (const { name, dtype, shape, offsets } of sorted) {
    const [start, end] = offsets;
    const place = `the tensor ${showText(name, MOST_SHOWN)}`;
    if (end < start) fail(`gives ${place} the data_offsets [${offsets}], which end before they begin`);
    if (start < position)
      fail(`has overlapping tensors: ${place} starts ${position - start} bytes too early`);
    if (start > position) fail(`has ${start - position} bytes before ${place} that belong to none`);
    const expected = bytesOf(dtype, shape);
    if (typeof expected === "string") fail(`gives ${place} the ${shownType(dtype, shape)}: ${expected}`);
    if (BigInt(end - start) !== expected) {
      fail(`gives ${place} (${shownType(dtype, shape)}) ${end - start} bytes; it needs ${expected}`);
    }
    position = end;
  }
  return sorted;
}

/** The bytes that a tensor needs, or why there is no such tensor. */
function bytesOf(dtype: string, shape: readonly number[]): bigint | string {
  let bits = 1n;
  for (const count of [...shape, BITS_PER_VALUE[dtype]!]) {
    bits *= BigInt(count);
    if (bits > LARGEST) return "more than 2^64 bits";
  }
  return bits % 8n === 0n ? bits / 8n : `its ${bits} bits are no whole bytes`;
}

const LARGEST = 2n ** 64n - 1n;

function shownType(dtype: string, shape: readonly number[]): string {
  return showText(`${dtype} [${shape.slice(0, MOST_SHOWN)}]`, MOST_SHOWN);
}

/** A value as a message shows it. */
function shown(value: HeaderValue): string {
  if (value instanceof OtherNumber) return showText(value.text, MOST_SHOWN);
  if (value instanceof Entries) return "an object";
  return Array.isArray(value) ? "a list" : quote(value);
}

const MOST_SHOWN = 100;

function fail(what: string): never {
  throw new HeaderError(what);
}

/**
 * Bits per value of the dtypes of the format, under their names in the header: those of safetensors 0.8.0, whose readers
 * refuse any other.
 * @see https://github.com/huggingface/safetensors/blob/main/safetensors/src/tensor.rs
 */
const BITS_PER_VALUE: Readonly<Record<string, number>> = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E5M2FNUZ: 8,
  F8_E4M3FNUZ: 8,
  F8_E8M0: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
};

const DTYPES = Object.keys(BITS_PER_VALUE).join(", ");
