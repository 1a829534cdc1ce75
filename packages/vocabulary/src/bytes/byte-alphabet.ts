/**
 * GPT-2's alphabet: each of the 256 bytes as one printable character.
 * `!`–`~`, `¡`–`¬` and `®`–`ÿ` stand for themselves; the other 68 bytes, in order, are U+0100, U+0101, …
 * So `Ġ` (U+0120) is 0x20 and `Ċ` (U+010A) is 0x0A.
 */
export const BYTE_ALPHABET: {
  /** [256] the character that writes a byte. */
  readonly characterOf: readonly string[];
  /** [324] the byte a UTF-16 code unit writes, or −1; code units beyond the array write none. */
  readonly byteOf: Int16Array;
} = makeAlphabet();

function makeAlphabet() {
  const characterOf: string[] = [];
  const byteOf = new Int16Array(0x100 + 68).fill(-1);
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const isPrintable =
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
    const code = isPrintable ? byte : next++;
    characterOf.push(String.fromCharCode(code));
    byteOf[code] = byte;
  }
  return { characterOf, byteOf };
}

/** Bytes, or the UTF-8 bytes of a text, written in GPT-2's alphabet: " é" → "ĠÃ©". */
export function inByteAlphabet(content: string | Uint8Array): string {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  let written = "";
  for (const byte of bytes) written += BYTE_ALPHABET.characterOf[byte];
  return written;
}

/** How SentencePiece writes the token of a byte: 10 → `<0x0A>`. */
export function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
}
