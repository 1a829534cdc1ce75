import type { TokenId } from "@revocab/core";
import type { Tokenizer } from "../tokenizer.ts";

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
    if ((await tokenizer.encode(text)).includes(id)) return undefined;
  }
  if (first === undefined) return "no text has it";
  for (const context of contextsOf(first)) {
    if ((await tokenizer.encode(context)).includes(id)) return undefined;
  }
  return reasonOf(tokenizer, first);
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
  if (!isKept) return `the normalizer turns it into ${JSON.stringify(normal)}`;
  const words = await tokenizer.cut(normal);
  if (words.length > 1)
    return `the tokenizer cuts it before the model sees it: ${words.map((word) => JSON.stringify(word)).join(" ")}`;
  const pieces = Array.from(await tokenizer.encode(text), (id) =>
    JSON.stringify(tokenizer.vocabulary.tokenOf(id)),
  );
  return `the tokenizer still writes it as ${pieces.join(" ")}`;
}
