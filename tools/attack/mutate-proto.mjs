import { mutateBytes } from "./mutate-bytes.mjs";

/** Damage to a protocol buffer: fields deleted, doubled, renumbered, with other values, at any depth; lengths stay right. */
export function mutateProto(random, content, depth = 0) {
  const fields = fieldsOf(content);
  if (fields === undefined || fields.length === 0) return mutateBytes(random, content);
  const place = random.oneIn(3)
    ? fields.length - 1 - random.skewed(Math.min(8, fields.length))
    : random.below(fields.length);
  const field = fields[place];
  const choice = random.below(8);
  if (choice === 0) fields.splice(place, 1 + random.skewed(20));
  else if (choice === 1) fields.splice(random.below(fields.length), 0, field);
  else if (choice === 2) fields[place] = { ...field, number: random.pick([1, 2, 3, 4, 5, 100, 2 ** 28]) };
  else if (field.wire === 2 && depth < 3 && choice < 6)
    fields[place] = { ...field, value: mutateProto(random, field.value, depth + 1) };
  else if (field.wire === 2)
    fields[place] = {
      ...field,
      value: random.pick([
        Buffer.alloc(0),
        Buffer.from("a".repeat(random.pick([1, 300_000]))),
        Buffer.from([0xff, 0xfe]),
        mutateBytes(random, field.value),
        Buffer.from("\u0000\u001b[2J\u202e"),
      ]),
    };
  else if (field.wire === 0) fields[place] = { ...field, value: random.pick(VARINTS) };
  else
    fields[place] = {
      ...field,
      value: Buffer.from(
        random.many(field.value.length, () => random.pick([0, 0x7f, 0x80, 0xff, random.below(256)])),
      ),
    };
  return Buffer.concat(fields.map(written));
}

const VARINTS = [
  0n,
  1n,
  2n,
  3n,
  4n,
  5n,
  6n,
  255n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** The fields of a message; undefined for bytes that are none. */
function fieldsOf(bytes) {
  const fields = [];
  for (let place = 0; place < bytes.length; ) {
    const [tag, start] = varint(bytes, place);
    const wire = Number(tag & 7n);
    const number = Number(tag >> 3n);
    const [value, end] = fieldValue(bytes, start, wire);
    if (end === undefined || end > bytes.length || number === 0) return undefined;
    fields.push({ number, wire, value });
    place = end;
  }
  return fields;
}

function fieldValue(bytes, start, wire) {
  if (wire === 0) return varint(bytes, start);
  if (wire === 1) return [bytes.subarray(start, start + 8), start + 8];
  if (wire === 5) return [bytes.subarray(start, start + 4), start + 4];
  if (wire !== 2) return [undefined, undefined];
  const [length, from] = varint(bytes, start);
  return [bytes.subarray(from, from + Number(length)), from + Number(length)];
}

function varint(bytes, start) {
  let value = 0n;
  for (let place = start; place < Math.min(bytes.length, start + 10); place++) {
    value |= BigInt(bytes[place] & 0x7f) << BigInt(7 * (place - start));
    if (bytes[place] < 0x80) return [value, place + 1];
  }
  return [value, bytes.length + 1];
}

function written({ number, wire, value }) {
  const tag = varintBytes((BigInt(number) << 3n) | BigInt(wire));
  if (wire === 0) return Buffer.concat([tag, varintBytes(value)]);
  return Buffer.concat(wire === 2 ? [tag, varintBytes(BigInt(value.length)), value] : [tag, value]);
}

function varintBytes(value) {
  const bytes = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 0x80n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}
