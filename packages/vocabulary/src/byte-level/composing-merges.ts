import { BYTE_ALPHABET } from "../bytes/byte-alphabet.ts";

/**
 * Merges by which characters come about from their bytes, the first two, then the third, then the fourth: UTF-8 tells
 * from the first byte where a character begins, so that no merge can join bytes of two characters.
 * @param forms tokens in GPT-2's alphabet; those of one character are composed
 */
export function composingMerges(forms: readonly string[]): (readonly [string, string])[] {
  const merges = new Map<string, readonly [string, string]>();
  for (const form of forms) {
    if (!isOneCharacter(form)) continue;
    for (let end = 2; end <= form.length; end++) {
      merges.set(form.slice(0, end), [form.slice(0, end - 1), form[end - 1]]);
    }
  }
  return [...merges.values()].sort((a, b) => a[0].length - b[0].length);
}

/** A character of two to four bytes. */
function isOneCharacter(form: string): boolean {
  if (form.length < 2 || form.length > 4) return false;
  const bytes = Uint8Array.from(form, (character) => BYTE_ALPHABET.byteOf[character.charCodeAt(0)] ?? 0);
  return (
    bytes.length === lengthBy(bytes[0]) && bytes.subarray(1).every((byte) => byte >= 0x80 && byte < 0xc0)
  );
}

/** How many bytes a character has that begins so; 0 for a byte that begins none. */
function lengthBy(lead: number): number {
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}
