/** Damage that knows nothing of a format: a file after one to four blows. `other` is a second seed, for splices. */
export function mutateBytes(random, bytes, other = bytes) {
  let damaged = Buffer.from(bytes);
  for (let blow = 1 + random.skewed(4); blow > 0; blow--)
    damaged = random.pick(BLOWS)(random, damaged, other);
  return damaged;
}

const BLOWS = [
  flipBits,
  truncate,
  insert,
  removeBlock,
  copyBlock,
  splice,
  editDecimal,
  editLength,
  breakUtf8,
  zeroBlock,
];

function flipBits(random, bytes) {
  if (bytes.length === 0) return bytes;
  const flipped = Buffer.from(bytes);
  for (let count = 1 + random.skewed(16); count > 0; count--) {
    flipped[placeIn(random, flipped)] ^= 1 << random.below(8);
  }
  return flipped;
}

function truncate(random, bytes) {
  return bytes.subarray(
    0,
    random.oneIn(2) ? random.below(bytes.length + 1) : bytes.length - random.skewed(64),
  );
}

function insert(random, bytes) {
  const place = placeIn(random, bytes);
  const inserted = Buffer.from(random.many(1 + random.skewed(64), () => random.below(256)));
  return Buffer.concat([bytes.subarray(0, place), inserted, bytes.subarray(place)]);
}

function removeBlock(random, bytes) {
  const [start, end] = block(random, bytes);
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
}

function copyBlock(random, bytes) {
  const [start, end] = block(random, bytes);
  const place = placeIn(random, bytes);
  return Buffer.concat([bytes.subarray(0, place), bytes.subarray(start, end), bytes.subarray(place)]);
}

function zeroBlock(random, bytes) {
  const [start, end] = block(random, bytes);
  return Buffer.from(bytes).fill(random.pick([0, 0xff, 0x20, 0x5b]), start, end);
}

function splice(random, bytes, other) {
  return Buffer.concat([bytes.subarray(0, placeIn(random, bytes)), other.subarray(placeIn(random, other))]);
}

/** A number that stands in the file as digits becomes one at an edge. */
function editDecimal(random, bytes) {
  const start = placeIn(random, bytes);
  const found = bytes.subarray(start, start + 4096).findIndex(isDigit);
  if (found < 0) return flipBits(random, bytes);
  let end = start + found;
  while (end < bytes.length && isDigit(bytes[end])) end++;
  return Buffer.concat([
    bytes.subarray(0, start + found),
    Buffer.from(random.pick(DECIMALS)),
    bytes.subarray(end),
  ]);
}

/** Four or eight bytes become a little-endian number at an edge, mostly near the start, where lengths stand. */
function editLength(random, bytes) {
  const width = random.pick([1, 2, 4, 8]);
  if (bytes.length < width) return bytes;
  const edited = Buffer.from(bytes);
  const place = random.oneIn(2)
    ? random.skewed(bytes.length - width + 1)
    : random.below(bytes.length - width + 1);
  const value = random.pick([...LENGTHS, BigInt(bytes.length), BigInt(bytes.length + 1)]);
  for (let byte = 0; byte < width; byte++) edited[place + byte] = Number((value >> BigInt(8 * byte)) & 0xffn);
  return edited;
}

function breakUtf8(random, bytes) {
  const place = placeIn(random, bytes);
  return Buffer.concat([bytes.subarray(0, place), Buffer.from(random.pick(NOT_UTF8)), bytes.subarray(place)]);
}

function block(random, bytes) {
  const start = placeIn(random, bytes);
  return [start, Math.min(bytes.length, start + 1 + random.skewed(4096))];
}

/** Half of the time near the start: headers stand there, and most of a file is not one. */
function placeIn(random, bytes) {
  return random.oneIn(2) ? random.skewed(bytes.length) : random.below(Math.max(1, bytes.length));
}

function isDigit(byte) {
  return byte >= 0x30 && byte <= 0x39;
}

const DECIMALS = [
  "0",
  "-1",
  "1",
  "2147483647",
  "2147483648",
  "4294967295",
  "4294967296",
  "9007199254740993",
  "18446744073709551615",
  "1e308",
  "1e999",
  "-0",
  "0.5",
  "1".repeat(400),
];
const LENGTHS = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];
/** A lone continuation, an overlong slash, half of a surrogate pair, beyond U+10FFFF, a cut sequence, a byte order mark, NUL. */
const NOT_UTF8 = [
  [0x80],
  [0xc0, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xe2, 0x82],
  [0xef, 0xbb, 0xbf],
  [0xff, 0xfe],
  [0],
  [0x1b, 0x5b, 0x33, 0x31, 0x6d],
  [0xe2, 0x80, 0xae],
];
