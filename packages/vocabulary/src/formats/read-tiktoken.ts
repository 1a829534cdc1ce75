import { quote } from "@revocab/core";
import { BYTE_ALPHABET } from "../bytes/byte-alphabet.ts";
import { badTokenizer } from "../tokenizer-json/bad-tokenizer.ts";
import { MAX_TOKENS } from "../tokenizer-json/limits.ts";

/** Whether a file is a list of tokens with their ranks, as tiktoken writes it: a token in base64 and a number a line. */
export function isTiktoken(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 4096)).toString("latin1");
  return LINE.test(head.split("\n", 1)[0]!);
}

/**
 * The tokens of a tiktoken file in GPT-2's byte alphabet, with their ranks, which are their ids.
 * @throws RevocabError `bad_tokenizer`: a line of another kind, a token or a rank twice
 */
export function readTiktoken(bytes: Uint8Array, place: string): Map<string, number> {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1").split("\n");
  if (lines.at(-1) === "") lines.pop();
  const ranks = new Map<string, number>();
  const tokenOf = new Map<number, string>();
  for (const [number, line] of lines.entries()) {
    if (line === "" || line === "\r") continue;
    const [, base64, digits] = LINE.exec(line) ?? [];
    const rank = Number(digits);
    if (base64 === undefined || base64.length % 4 !== 0 || rank >= MAX_TOKENS) {
      const isLast = number === lines.length - 1;
      throw badTokenizer(
        place,
        `line ${number + 1} is ${quote(line.slice(0, 40))}, expected a token in base64 and its rank below ${MAX_TOKENS}`,
        isLast ? { hint: "the last line is cut short: was the file downloaded completely?" } : {},
      );
    }
    const token = inByteAlphabet(Buffer.from(base64, "base64"));
    if (ranks.has(token)) throw badTokenizer(place, `line ${number + 1}: the token ${base64} comes twice`);
    if (tokenOf.has(rank)) {
      throw badTokenizer(
        place,
        `line ${number + 1}: rank ${rank} belongs to another token too, expected one token a rank`,
      );
    }
    ranks.set(token, rank);
    tokenOf.set(rank, token);
  }
  return ranks;
}

const LINE = /^([A-Za-z0-9+/]+={0,2}) (\d{1,10})\r?$/;

export function inByteAlphabet(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += BYTE_ALPHABET.characterOf[byte]!;
  return text;
}
