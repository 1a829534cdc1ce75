import { RevocabError } from "@revocab/core";

/** Texts, a line each; a line should stay below some 10,000 characters. */
export type Corpus = Iterable<string> | AsyncIterable<string>;

/**
 * The lines of a corpus, some at a time: the tokenizers library is fastest on many short texts at once, and holds all of
 * them.
 * @throws RevocabError `aborted`
 */
export async function* corpusBatches(
  corpus: Corpus,
  abortSignal?: AbortSignal,
): AsyncGenerator<readonly string[]> {
  let batch: string[] = [];
  for await (const line of corpus) {
    batch.push(line);
    if (batch.length < LINES_PER_BATCH) continue;
    if (abortSignal?.aborted) break;
    yield batch;
    batch = [];
  }
  if (abortSignal?.aborted) throw new RevocabError("aborted", "aborted while reading the corpus");
  if (batch.length > 0) yield batch;
}

const LINES_PER_BATCH = 256;
