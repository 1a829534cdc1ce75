import { PbfReader } from "pbf";

/** What to do with a field, under the wire type it must have. */
export interface FieldReader {
  readonly varint?: (value: number) => void;
  readonly float?: (value: number) => void;
  /** A string, bytes or an embedded message: a view, never longer than the message it lies in. */
  readonly message?: (value: Uint8Array) => void;
}

/**
 * Walks the fields of one protobuf message; unknown fields are stepped over. The `pbf` reader clamps what runs past
 * the end of its buffer, so every length is compared with what is left before it is used.
 *
 * @throws Error with what was found: a length beyond the message, a broken tag, a known field of another wire type
 */
export function readProtoFields(bytes: Uint8Array, fields: Readonly<Record<number, FieldReader>>): void {
  const reader = new PbfReader(bytes);
  while (reader.pos < bytes.length) {
    const start = reader.pos;
    const tag = readVarint(reader);
    const number = Math.floor(tag / 8);
    if (number === 0) throw new Error(`field number 0 at byte ${start}`);
    readValue(reader, tag % 8, number, fields[number]);
  }
}

function readValue(reader: PbfReader, wireType: number, number: number, field: FieldReader = {}): void {
  if (wireType === 0) {
    const value = readVarint(reader);
    expectType(field, "varint", number);
    field.varint?.(value);
  } else if (wireType === 1) {
    take(reader, 8, number);
    expectType(field, "double", number);
  } else if (wireType === 2) {
    const value = take(reader, readVarint(reader), number);
    expectType(field, "message", number);
    field.message?.(value);
  } else if (wireType === 5) {
    const value = take(reader, 4, number);
    expectType(field, "float", number);
    field.float?.(new DataView(value.buffer, value.byteOffset, 4).getFloat32(0, true));
  } else {
    throw new Error(`field ${number} has wire type ${wireType}, expected 0, 1, 2 or 5`);
  }
}

function expectType(field: FieldReader, found: string, number: number): void {
  const expected = Object.keys(field);
  if (expected.length > 0 && !expected.includes(found)) {
    throw new Error(`field ${number} is a ${found}, expected a ${expected.join(" or ")}`);
  }
}

function readVarint(reader: PbfReader): number {
  const start = reader.pos;
  const value = reader.readVarint();
  if (reader.pos > reader.length) throw new Error(`it ends inside the number at byte ${start}`);
  return value;
}

function take(reader: PbfReader, length: number, number: number): Uint8Array {
  const left = reader.length - reader.pos;
  if (length > left) throw new Error(`field ${number} claims ${length} bytes, ${left} are left`);
  const value = reader.buf.subarray(reader.pos, reader.pos + length);
  reader.pos += length;
  return value;
}
