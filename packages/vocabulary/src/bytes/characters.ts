/**
 * The length of the UTF-8 character at `start`, or 0 if there is no valid one: a stray continuation byte, an overlong or
 * surrogate form, a truncated sequence.
 */
export function characterLength(bytes: Uint8Array, start: number): 0 | 1 | 2 | 3 | 4 {
  const lead = bytes[start];
  if (lead < 0x80) return 1;
  const length =
    lead >= 0xc2 && lead <= 0xdf ? 2 : (lead & 0xf0) === 0xe0 ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
  if (length === 0 || start + length > bytes.length) return 0;
  for (let i = 1; i < length; i++) if ((bytes[start + i] & 0xc0) !== 0x80) return 0;
  const second = bytes[start + 1];
  if (lead === 0xe0 && second < 0xa0) return 0;
  if (lead === 0xed && second > 0x9f) return 0;
  if (lead === 0xf0 && second < 0x90) return 0;
  if (lead === 0xf4 && second > 0x8f) return 0;
  return length;
}
