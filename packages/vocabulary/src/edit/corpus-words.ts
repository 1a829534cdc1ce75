import { RevocabError, type TokenId } from "@revocab/core";
import type { EditSubject } from "./edit-subject.ts";
import type { CorpusWord } from "./learn-joins.ts";
import { openLibrary } from "./open-library.ts";

/** Texts, a line each; a line should stay below some 10,000 characters. */
export type Corpus = Iterable<string> | AsyncIterable<string>;

export interface CorpusWords {
  readonly words: readonly CorpusWord[];
  /** Tokens of the whole corpus. */
  readonly tokens: number;
}

/**
 * The words of a corpus, each once, as the tokenizer writes them: what its pre-tokenizer keeps together and, where spaces
 * are marked in pieces, up to the next mark. A word ends at specials, byte tokens and added tokens, too, as nothing may be
 * joined to them.
 */
export async function corpusWords(
  { tokenizer, json, notation }: EditSubject,
  corpus: Corpus,
  abortSignal?: AbortSignal,
): Promise<CorpusWords> {
  const { vocabulary } = tokenizer;
  const library = openLibrary(tokenizer);
  const added = new Set(json.added.map(({ id }) => id));
  const isApart = (id: TokenId) => vocabulary.kindOf(id) !== "text" || added.has(id);
  const startsWord = (id: TokenId) =>
    notation.spaceMark !== undefined && vocabulary.tokenOf(id).startsWith(notation.spaceMark);
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
  const count = async (lines: readonly string[]): Promise<void> => {
    if (abortSignal?.aborted) throw new RevocabError("aborted", "aborted while reading the corpus");
    for (const ids of await library.encodeWords(lines)) {
      tokens += ids.length;
      for (const id of ids) {
        if (isApart(id) || startsWord(id)) endWord();
        if (!isApart(id)) word.push(id);
      }
      endWord();
    }
  };
  let batch: string[] = [];
  for await (const line of corpus) {
    batch.push(line);
    if (batch.length < LINES_PER_BATCH) continue;
    await count(batch);
    batch = [];
  }
  await count(batch);
  return { words: [...counts.values()], tokens };
}

/** The library is fastest on many short texts at once, and holds all of them. */
const LINES_PER_BATCH = 64;
