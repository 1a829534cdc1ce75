import { isUtf8 } from "node:buffer";
import { mapAhead, quote, type TokenId } from "@revocab/core";
import { type Tokenizer, unlessRefused } from "@revocab/vocabulary";
import { inByteAlphabet } from "@revocab/vocabulary/internal";

/** Why no text that was tried is encoded with a token. */
export interface Unreachable {
  /**
   * - `normalizer`: it changes the token's text;
   * - `cut`: the pre-tokenizer cuts it before the model sees it;
   * - `model`: the model writes it in other tokens;
   * - `no-tokens`: the tokenizer has no tokens for some of it;
   * - `no-text`: no text has its bytes.
   */
  readonly cause: "normalizer" | "cut" | "model" | "no-tokens" | "no-text";
  /** In words. */
  readonly reason: string;
}

/**
 * Tests with the tokenizers library whether some text is encoded with each token: its own text, or that after a letter, a
 * digit, a sign or a line end. Gives the reason for each token that none of these texts is encoded with.
 * @param tokens the text that each id stands for; for a part of a character, several texts that contain it
 */
export async function whyUnreachable(
  tokenizer: Tokenizer,
  tokens: Iterable<readonly [TokenId, Iterable<string>]>,
): Promise<Map<TokenId, Unreachable>> {
  const reasons = new Map<TokenId, Unreachable>();
  const found = mapAhead(tokens, ([id, texts]) => tryTexts(tokenizer, id, texts));
  for await (const [[id], why] of found) if (why !== undefined) reasons.set(id, why);
  return reasons;
}

async function tryTexts(
  tokenizer: Tokenizer,
  id: TokenId,
  texts: Iterable<string>,
): Promise<Unreachable | undefined> {
  let first: string | undefined;
  for (const text of texts) {
    first ??= text;
    if (await has(tokenizer, text, id)) return undefined;
  }
  if (first === undefined) return { cause: "no-text", reason: "no text has it" };
  for (const context of contextsOf(first)) {
    if (await has(tokenizer, context, id)) return undefined;
  }
  return reasonOf(tokenizer, first);
}

async function has(tokenizer: Tokenizer, text: string, id: TokenId): Promise<boolean> {
  return (await unlessRefused(tokenizer.encode(text)))?.includes(id) ?? false;
}

/** A tokenizer that puts a space before each text finds " word" in the text "word". */
function* contextsOf(text: string): Generator<string> {
  if (text.startsWith(" ")) yield text.slice(1);
  for (const before of BEFORE) yield before + text;
}

const BEFORE = ["a", "x", "e", "S", "ü", "1", ".", "-", "\n", "的", "a "];

async function reasonOf(tokenizer: Tokenizer, text: string): Promise<Unreachable> {
  const normal = await tokenizer.normalize(text);
  const isKept = [normal, normal.replaceAll("▁", " ")].some((form) => form.includes(text.trim()));
  if (!isKept) return { cause: "normalizer", reason: `the normalizer turns it into ${quote(normal)}` };
  const words = await tokenizer.cut(normal);
  if (words.length > 1) {
    const shown = inText(words, normal)
      .map((word) => quote(word))
      .join(" ");
    return { cause: "cut", reason: `the tokenizer cuts it before the model sees it: ${shown}` };
  }
  const ids = await unlessRefused(tokenizer.encode(text));
  if (ids === undefined) return { cause: "no-tokens", reason: "the tokenizer has no tokens for some of it" };
  const pieces = Array.from(ids, (one) => quote(tokenizer.vocabulary.tokenOf(one)));
  if (ids.length === 1)
    return { cause: "model", reason: `the tokenizer writes token ${ids[0]} ${pieces[0]} for it` };
  return { cause: "model", reason: `the tokenizer still writes it as ${pieces.join(" ")}` };
}

/** Words as they stand in the text, where they are written in GPT-2's alphabet: each letter of it is a byte. */
function inText(words: readonly string[], text: string): readonly string[] {
  const bytes = Buffer.from(text);
  let end = 0;
  return words.map((word) => {
    const part = bytes.subarray(end, end + word.length);
    end += word.length;
    return inByteAlphabet(part) === word ? part.toString() : word;
  });
}

/**
 * Texts whose UTF-8 contains the given bytes. If these begin or end inside a character, each text completes it in another
 * way; there are at most some thousands.
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

/** Possible first bytes of a character whose last bytes these begin with. */
function beginningsFor(bytes: Uint8Array): readonly Uint8Array[] {
  let inside = 0;
  while (isContinuation(bytes[inside])) inside++;
  return BEGINNINGS[inside] ?? [];
}

/** Possible last bytes of a character whose first bytes these end with. */
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

/** By the number of bytes of the character that are given; of those with four bytes only emoji. */
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

/** By the number of missing bytes; of three only those that emoji end with. */
const ENDINGS: readonly (readonly Uint8Array[])[] = [
  NOTHING,
  CONTINUATIONS.map((last) => Uint8Array.of(last)),
  CONTINUATIONS.flatMap((third) => CONTINUATIONS.map((last) => Uint8Array.of(third, last))),
  CONTINUATIONS.map((last) => Uint8Array.of(0x9f, 0x98, last)),
];
