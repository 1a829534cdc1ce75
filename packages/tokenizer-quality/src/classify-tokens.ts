import { isUtf8 } from "node:buffer";
import type { TokenId, Vocabulary } from "@revocab/core";
import { scriptOfText } from "./scripts.ts";

/**
 * Qtok's classes of tokens, decided here by what a token stands for:
 * - `control`: a special token, or a placeholder that no text produces;
 * - `pure-unicode`: a single byte;
 * - `char-…`: one character; `spaced-…`: a space and more; `inner-…`: any other text;
 * - of these, `…-alpha`: letters of one script alone (after the space); `…-errors`: with a character that has no name, such as a line
 *   end or a private one; `…-other`: the rest;
 * - `unicode-flanks`: bytes that begin or end within a character.
 * @see https://arxiv.org/abs/2410.12989
 */
export const TOKEN_CLASSES = [
  "control",
  "pure-unicode",
  "char-alpha",
  "char-other",
  "char-errors",
  "spaced-alpha",
  "spaced-other",
  "spaced-errors",
  "inner-alpha",
  "inner-other",
  "inner-errors",
  "unicode-flanks",
] as const;
export type TokenClass = (typeof TOKEN_CLASSES)[number];

export interface ClassifiedTokens {
  /** [V] places in {@link TOKEN_CLASSES}; {@link NO_CLASS} for a hole. */
  readonly classes: Uint8Array;
  /** Tokens of each class. */
  readonly counts: Readonly<Record<TokenClass, number>>;
  /** Tokens of the classes `…-alpha` by their script, most first. */
  readonly scripts: Readonly<Record<string, number>>;
}

/** In place of a class: no token has the id. */
export const NO_CLASS = TOKEN_CLASSES.length;

/**
 * Puts each token into one of Qtok's twelve classes, and counts scripts.
 *
 * Departures from Qtok, which decides by spelling and by names of characters:
 * - a special is what the tokenizer declares, not what stands in angle brackets;
 * - a token of one byte is `pure-unicode`, not every single character that GPT-2's alphabet has (`é` is two bytes), and a lone byte
 *   above 0x7f is too, in byte-level vocabularies as in others;
 * - scripts are Unicode's property Script of letters and marks, so digits and dingbats of a script are none, and marks that several
 *   scripts share do not make a token `…-other`.
 * @see https://arxiv.org/abs/2410.12989
 */
export function classifyTokens(vocabulary: Vocabulary): ClassifiedTokens {
  const classes = new Uint8Array(vocabulary.size).fill(NO_CLASS);
  const counts = Object.fromEntries(TOKEN_CLASSES.map((name) => [name, 0])) as Record<TokenClass, number>;
  const scripts = new Map<string, number>();
  for (let id = 0; id < vocabulary.size; id++) {
    const found = classOf(vocabulary, id);
    if (found === undefined) continue;
    classes[id] = TOKEN_CLASSES.indexOf(found.name);
    counts[found.name]++;
    if (found.script !== undefined) scripts.set(found.script, (scripts.get(found.script) ?? 0) + 1);
  }
  return { classes, counts, scripts: Object.fromEntries([...scripts].sort(([, a], [, b]) => b - a)) };
}

interface FoundClass {
  readonly name: TokenClass;
  readonly script?: string;
}

function classOf(vocabulary: Vocabulary, id: TokenId): FoundClass | undefined {
  const kind = vocabulary.kindOf(id);
  if (kind === "unused") return vocabulary.tokenOf(id) === "" ? undefined : { name: "control" };
  if (kind === "special") return { name: "control" };
  const bytes = vocabulary.bytesOf(id);
  if (bytes.length === 1) return { name: "pure-unicode" };
  if (!isUtf8(bytes)) return { name: "unicode-flanks" };
  return classOfText(Buffer.from(bytes).toString());
}

function classOfText(text: string): FoundClass {
  const isSpaced = text.startsWith(" ");
  const where = isSpaced ? "spaced" : isOneCharacter(text) ? "char" : "inner";
  const body = isSpaced ? text.slice(1) : text;
  if (NAMELESS.test(body)) return { name: `${where}-errors` };
  const script = LETTERS.test(body) ? scriptOfText(body) : undefined;
  return script === undefined ? { name: `${where}-other` } : { name: `${where}-alpha`, script };
}

function isOneCharacter(text: string): boolean {
  return text.length <= 2 && [...text].length === 1;
}

/** Controls, private and unassigned characters have no name in Unicode. */
const NAMELESS = /[\p{Cc}\p{Cn}\p{Co}\p{Cs}]/u;
const LETTERS = /^[\p{L}\p{M}]+$/u;
