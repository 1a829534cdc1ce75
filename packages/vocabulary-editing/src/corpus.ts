import { type TokenId, throwIfAborted } from "@revocab/core";
import type { TokenizerParts } from "@revocab/vocabulary/internal";
import type { CorpusWord } from "./learn-joins.ts";

export interface CorpusWords {
  readonly words: readonly CorpusWord[];
  /** Tokens of the whole corpus. */
  readonly tokens: number;
}

/**
 * The distinct words of a corpus with their counts. A word is what the pre-tokenizer keeps together; where pieces mark
 * spaces, it ends before the next mark. It also ends at specials, byte tokens and added tokens, as nothing may be joined to
 * them, and after 1,000 tokens: each join counts the pairs of a whole word again.
 */
export async function corpusWords(
  { tokenizer, json, notation }: TokenizerParts,
  corpus: Corpus,
  abortSignal?: AbortSignal,
): Promise<CorpusWords> {
  const { vocabulary } = tokenizer;
  const added = new Set(json.added.map(({ id }) => id));
  const isApart = (id: TokenId) => vocabulary.kindOf(id) !== "text" || added.has(id);
  const { spaceMark, continuingPrefix } = notation;
  const startsWord = (id: TokenId) => {
    if (spaceMark === undefined) return false;
    const token = vocabulary.tokenOf(id);
    return token.startsWith(spaceMark, token.startsWith(continuingPrefix) ? continuingPrefix.length : 0);
  };
  const counts = new Map<string, { ids: TokenId[]; count: number }>();
  let tokens = 0;
  let word: TokenId[] = [];
  const endWord = (): void => {
    if (word.length > 0) {
      const key = word.join(" ");
      const known = counts.get(key);
      if (known === undefined) counts.set(key, { ids: word, count: 1 });
      else known.count++;
    }
    word = [];
  };
  for await (const lines of corpusBatches(corpus, abortSignal)) {
    const encoded = await Promise.all(lines.map((line) => tokenizer.encodeWords(line)));
    for (const ids of encoded.flat()) {
      tokens += ids.length;
      for (const id of ids) {
        if (isApart(id) || startsWord(id)) endWord();
        if (!isApart(id)) word.push(id);
        if (word.length === LONGEST_WORD) endWord();
      }
      endWord();
    }
  }
  return { words: [...counts.values()], tokens };
}

const LONGEST_WORD = 1000;

/** Adds to each word its count in the spared text, and appends the words that only the spared text has. */
export function withSpared(words: readonly CorpusWord[], spared: readonly CorpusWord[]): CorpusWord[] {
  const countOf = new Map(spared.map(({ ids, count }) => [ids.join(" "), count]));
  const common = words.map((word) => {
    const key = word.ids.join(" ");
    const count = countOf.get(key);
    countOf.delete(key);
    return count === undefined ? word : { ...word, spared: count };
  });
  const others = spared.filter(({ ids }) => countOf.has(ids.join(" ")));
  return [...common, ...others.map(({ ids, count }) => ({ ids, count: 0, spared: count }))];
}

/** Texts, a line each; a line should stay below some 10,000 characters. */
export type Corpus = Iterable<string> | AsyncIterable<string>;

/**
 * The lines of a corpus in batches: the tokenizers library is fastest on many short texts at once, and holds a whole batch
 * in memory.
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
    throwIfAborted(abortSignal);
    yield batch;
    batch = [];
  }
  throwIfAborted(abortSignal);
  if (batch.length > 0) yield batch;
}

const LINES_PER_BATCH = 256;
