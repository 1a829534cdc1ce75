/**
 * The offset of the first character that is not UTF-8, or that the end cuts off; the length of the bytes if all are
 * UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
 */
export function firstInvalidByte(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const length = characterLength(bytes[at]);
    if (length === 0 || !isContinued(bytes, at, length)) break;
    at += length;
  }
  return at;
}

/** Bytes of the character that this byte leads; 0 for a byte that leads none. */
export function characterLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

function isContinued(bytes: Uint8Array, at: number, length: number): boolean {
  let [low, high] = SECOND_BYTES.get(bytes[at]) ?? ANY;
  for (let offset = 1; offset < length; offset++) {
    const value = at + offset < bytes.length ? bytes[at + offset] : 0;
    if (value < low || value > high) return false;
    [low, high] = ANY;
  }
  return true;
}

const ANY: readonly [number, number] = [0x80, 0xbf];

/** Leads after which not every continuation byte may come. */
const SECOND_BYTES: ReadonlyMap<number, readonly [number, number]> = new Map([
  [0xe0, [0xa0, 0xbf]],
  [0xed, [0x80, 0x9f]],
  [0xf0, [0x90, 0xbf]],
  [0xf4, [0x80, 0x8f]],
]);
