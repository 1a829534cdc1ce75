import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { EncodeText, Vocabulary } from "@revocab/core";

/**
 * The lines of a UTF-8 file as tokens, written as the tokenizer's file writes them: what vectors of tokens are trained on.
 * Empty lines are left out.
 */
export async function* tokensOfLines(
  path: string,
  { vocabulary, encode }: { readonly vocabulary: Vocabulary; readonly encode: EncodeText },
): AsyncIterable<readonly string[]> {
  const lines = createInterface({
    input: createReadStream(path, "utf8"),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  for await (const line of lines) {
    if (line.trim() !== "") yield Array.from(await encode(line), (id) => vocabulary.tokenOf(id));
  }
}
