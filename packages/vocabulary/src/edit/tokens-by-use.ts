import type { TokenId } from "@revocab/core";
import type { Tokenizer } from "../tokenizer.ts";
import { type Corpus, corpusBatches } from "./corpus-batches.ts";

/** The tokens that a tokenizer writes a corpus with, the most used first, of equals the lowest id. */
export async function tokensByUse(
  tokenizer: Tokenizer,
  corpus: Corpus,
  abortSignal?: AbortSignal,
): Promise<TokenId[]> {
  const counts = new Float64Array(tokenizer.vocabulary.size);
  for await (const lines of corpusBatches(corpus, abortSignal)) {
    for (const ids of await Promise.all(lines.map((line) => tokenizer.encode(line)))) {
      for (const id of ids) counts[id]++;
    }
  }
  const used = Array.from(counts.keys()).filter((id) => counts[id] > 0);
  return used.sort((a, b) => counts[b] - counts[a] || a - b);
}
