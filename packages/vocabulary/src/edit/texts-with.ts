import { isUtf8 } from "node:buffer";

/**
 * Texts whose UTF-8 has the given bytes in it. These may begin and end inside a character: then each text completes them in
 * another way, of which there are at most some thousands.
 */
export function* textsWith(bytes: Uint8Array): Generator<string> {
  const buffer = Buffer.from(bytes);
  for (const before of beginningsFor(bytes)) {
    for (const after of endingsFor(bytes)) {
      const candidate = Buffer.concat([before, buffer, after]);
      if (isUtf8(candidate)) yield candidate.toString();
    }
  }
}

/** What a character may begin with that goes on in the first bytes. */
function beginningsFor(bytes: Uint8Array): readonly Uint8Array[] {
  let inside = 0;
  while (isContinuation(bytes[inside])) inside++;
  return BEGINNINGS[inside] ?? [];
}

/** What a character may end with that begins in the last bytes. */
function endingsFor(bytes: Uint8Array): readonly Uint8Array[] {
  let lead = bytes.length - 1;
  while (isContinuation(bytes[lead])) lead--;
  const length = lead < 0 || bytes[lead] < 0xc0 ? 0 : bytes[lead] < 0xe0 ? 2 : bytes[lead] < 0xf0 ? 3 : 4;
  return ENDINGS[Math.max(0, lead + length - bytes.length)] ?? [];
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x80 && byte < 0xc0;
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const NOTHING = [new Uint8Array(0)];
const CONTINUATIONS = range(0x80, 0xbf);
const LEADS_OF_THREE = range(0xe0, 0xef);

/** By how many bytes of the character are there already; of those with four bytes, emoji. */
const BEGINNINGS: readonly (readonly Uint8Array[])[] = [
  NOTHING,
  [
    ...range(0xc2, 0xdf).map((lead) => Uint8Array.of(lead)),
    ...LEADS_OF_THREE.flatMap((lead) => CONTINUATIONS.map((second) => Uint8Array.of(lead, second))),
    Uint8Array.of(0xf0, 0x9f, 0x98),
  ],
  [...LEADS_OF_THREE.map((lead) => Uint8Array.of(lead)), Uint8Array.of(0xf0, 0x9f)],
  range(0xf0, 0xf4).map((lead) => Uint8Array.of(lead)),
];

/** By how many bytes are missing; of those that lack three, what emoji end with. */
const ENDINGS: readonly (readonly Uint8Array[])[] = [
  NOTHING,
  CONTINUATIONS.map((last) => Uint8Array.of(last)),
  CONTINUATIONS.flatMap((third) => CONTINUATIONS.map((last) => Uint8Array.of(third, last))),
  CONTINUATIONS.map((last) => Uint8Array.of(0x9f, 0x98, last)),
];
