import { BYTE_ALPHABET } from "../bytes/byte-alphabet.ts";

/** Bytes, or the UTF-8 bytes of a text, written in GPT-2's alphabet: " é" → "ĠÃ©". */
export function inByteAlphabet(content: string | Uint8Array): string {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  let written = "";
  for (const byte of bytes) written += BYTE_ALPHABET.characterOf[byte];
  return written;
}
