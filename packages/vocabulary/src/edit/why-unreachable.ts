import type { TokenId } from "@revocab/core";
import { quote } from "@revocab/core";
import type { Tokenizer } from "../tokenizer.ts";
import { unlessRefused } from "../writable-encoder.ts";

/**
 * Tries, in the Rust library, whether the tokenizer writes each token in some text: its own, or that after a letter, a
 * digit, a mark or a line. Gives the reason for each token that none of them has.
 * @param tokens the text that each id stands for; for a part of a character, several texts that have it
 */
export async function whyUnreachable(
  tokenizer: Tokenizer,
  tokens: ReadonlyMap<TokenId, Iterable<string>>,
): Promise<Map<TokenId, string>> {
  const reasons = new Map<TokenId, string>();
  for (const [id, texts] of tokens) {
    const reason = await tryTexts(tokenizer, id, texts);
    if (reason !== undefined) reasons.set(id, reason);
  }
  return reasons;
}

async function tryTexts(
  tokenizer: Tokenizer,
  id: TokenId,
  texts: Iterable<string>,
): Promise<string | undefined> {
  let first: string | undefined;
  for (const text of texts) {
    first ??= text;
    if (await has(tokenizer, text, id)) return undefined;
  }
  if (first === undefined) return "no text has it";
  for (const context of contextsOf(first)) {
    if (await has(tokenizer, context, id)) return undefined;
  }
  return reasonOf(tokenizer, first);
}

async function has(tokenizer: Tokenizer, text: string, id: TokenId): Promise<boolean> {
  return (await unlessRefused(tokenizer.encode(text)))?.includes(id) ?? false;
}

/** A tokenizer that puts a space before each text has its word there without one. */
function* contextsOf(text: string): Generator<string> {
  if (text.startsWith(" ")) yield text.slice(1);
  for (const before of BEFORE) yield before + text;
}

const BEFORE = ["a", "x", "e", "S", "ü", "1", ".", "-", "\n", "的", "a "];

async function reasonOf(tokenizer: Tokenizer, text: string): Promise<string> {
  const normal = await tokenizer.normalize(text);
  const isKept = [normal, normal.replaceAll("▁", " ")].some((form) => form.includes(text.trim()));
  if (!isKept) return `the normalizer turns it into ${quote(normal)}`;
  const words = await tokenizer.cut(normal);
  if (words.length > 1)
    return `the tokenizer cuts it before the model sees it: ${words.map((word) => quote(word)).join(" ")}`;
  const ids = await unlessRefused(tokenizer.encode(text));
  if (ids === undefined) return "the tokenizer has no tokens for some of it";
  const pieces = Array.from(ids, (id) => quote(tokenizer.vocabulary.tokenOf(id)));
  return `the tokenizer still writes it as ${pieces.join(" ")}`;
}
