import type { TokenId } from "@revocab/core";
import type { Tokenizer } from "../tokenizer.ts";
import { openLibrary } from "./open-library.ts";

/**
 * Tries, in the Rust library, whether the tokenizer writes each token in some text: its own, or that after a letter, a
 * digit, a mark or a line. Gives the reason for each token that none of them has.
 * @param tokens the text that each id stands for
 */
export async function whyUnreachable(
  tokenizer: Tokenizer,
  tokens: ReadonlyMap<TokenId, string>,
): Promise<Map<TokenId, string>> {
  const reasons = new Map<TokenId, string>();
  let cut: ((text: string) => readonly string[]) | undefined;
  for (const [id, text] of tokens) {
    let isReached = false;
    for (const context of contextsOf(text)) {
      if (!(await tokenizer.encode(context)).includes(id)) continue;
      isReached = true;
      break;
    }
    if (isReached) continue;
    cut ??= openLibrary(tokenizer).cut;
    reasons.set(id, await reasonOf(tokenizer, text, cut));
  }
  return reasons;
}

/** A tokenizer that puts a space before each text has its word there without one. */
function* contextsOf(text: string): Generator<string> {
  yield text;
  if (text.startsWith(" ")) yield text.slice(1);
  for (const before of BEFORE) yield before + text;
}

const BEFORE = ["a", "x", "e", "S", "ü", "1", ".", "-", "\n", "的", "a "];

async function reasonOf(
  tokenizer: Tokenizer,
  text: string,
  cut: (text: string) => readonly string[],
): Promise<string> {
  const normal = tokenizer.normalize(text);
  const isKept = [normal, normal.replaceAll("▁", " ")].some((form) => form.includes(text.trim()));
  if (!isKept) return `the normalizer turns it into ${JSON.stringify(normal)}`;
  const words = cut(normal);
  if (words.length > 1)
    return `the tokenizer cuts it before the model sees it: ${words.map((word) => JSON.stringify(word)).join(" ")}`;
  const pieces = Array.from(await tokenizer.encode(text), (id) =>
    JSON.stringify(tokenizer.vocabulary.tokenOf(id)),
  );
  return `the tokenizer still writes it as ${pieces.join(" ")}`;
}
