import { showLine, showText, type TokenId, type Vocabulary } from "@revocab/core";
import { displayBytes } from "./display-bytes.ts";

/**
 * A token for people to read: ` café` as it is; what `showLine` escapes (`\n`, `\x1b`) and bytes that are no UTF-8 (`\xff`)
 * are escaped; a special is shown by its string (`<s>`), escaped in the same way, and a hole as `<unused 17>`.
 */
export function displayToken(vocabulary: Vocabulary, id: TokenId): string {
  const kind = vocabulary.kindOf(id);
  if (kind === "special") return showLine(vocabulary.tokenOf(id));
  if (kind === "unused") return `<unused ${id}>`;
  return displayBytes(vocabulary.bytesOf(id));
}

/** A token as a message of ours quotes it, `" café"`: the same, and with backticks escaped. */
export function quoteToken(vocabulary: Vocabulary, id: TokenId): string {
  return `"${showText(displayToken(vocabulary, id))}"`;
}
