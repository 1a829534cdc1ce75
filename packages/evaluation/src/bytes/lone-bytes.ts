import type { Vocabulary } from "@revocab/core";
import { COMPLETIONS, type Utf8State } from "./utf8-state.ts";

/**
 * Tells byte tokens that no text can finish: `<0xC3>` where the vocabulary has a piece for each of the 64 characters
 * that begin with C3, so that none of them is ever written in bytes.
 */
export function loneBytes(vocabulary: Vocabulary): (bytes: Uint8Array, state: Utf8State) => boolean {
  const pieces = new Map<number, number>();
  let hasByteTokens = false;
  for (let id = 0; id < vocabulary.size; id++) {
    if (vocabulary.kindOf(id) === "byte") hasByteTokens = true;
    const bytes = vocabulary.bytesOf(id);
    if (vocabulary.kindOf(id) !== "text" || bytes.length > 4 || bytes[0] < 0xc0) continue;
    if (lengthOfCharacter(bytes[0]) !== bytes.length) continue;
    if (vocabulary.idsOf(bytes)[0] !== id || vocabulary.spell(bytes)?.length !== 1) continue;
    for (let end = 1; end < bytes.length; end++) {
      const key = keyOf(bytes, 0, end);
      pieces.set(key, (pieces.get(key) ?? 0) + 1);
    }
  }
  return (bytes, state) => {
    if (!hasByteTokens || state <= 0) return false;
    let start = bytes.length - 1;
    while (bytes[start] < 0xc0) start--;
    return pieces.get(keyOf(bytes, start, bytes.length)) === COMPLETIONS[state];
  };
}

function lengthOfCharacter(lead: number): number {
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** At most three bytes, the first of them not 0: one number for each. */
function keyOf(bytes: Uint8Array, start: number, end: number): number {
  let key = 0;
  for (let i = start; i < end; i++) key = key * 256 + bytes[i];
  return key;
}
