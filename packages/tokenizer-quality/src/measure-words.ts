import { type Job, mapAhead, RevocabError, showText, throwIfAborted } from "@revocab/core";
import { readLines } from "@revocab/files";
import { type Tokenizer, unlessRefused } from "@revocab/vocabulary";

/** How many words of a list a tokenizer keeps whole. */
export interface WordListQuality {
  /** Words that are one token by themselves, as at the beginning of a text. */
  readonly whole: number;
  /** whole ÷ words: the single token retention rate. */
  readonly retention: number;
  /** Words that are one token within a line, after a space. */
  readonly wholeAfterSpace: number;
  readonly retentionAfterSpace: number;
}

/** The different words of a list, in its order: one a line, without white space around them. */
export async function readWordList(path: string, job?: Job): Promise<readonly string[]> {
  const lines = await readLines(path, job?.abortSignal);
  const words = new Set(lines.map((line) => line.trim()).filter((word) => word !== ""));
  if (words.size > 0) return [...words];
  throw new RevocabError("bad_text", `${showText(path)}: found no word, only white space or nothing`, {
    hint: "give a UTF-8 file with a word in each line",
  });
}

/**
 * Counts the words of a list that a tokenizer writes as one token (STRR).
 *
 * Departure from the paper, which encodes each word alone: in running text a word stands after a space, so that is counted as well.
 * @throws RevocabError bad_tokenizer, aborted
 * @see https://arxiv.org/abs/2510.09947
 */
export async function measureWords(
  words: readonly string[],
  { encode }: Tokenizer,
  job?: Job,
): Promise<WordListQuality> {
  const lengthOf = async (text: string) => (await unlessRefused(encode(text)))?.length ?? Number.NaN;
  const before = await lengthOf(BEFORE);
  const lengths = (word: string) => Promise.all([lengthOf(word), lengthOf(`${BEFORE} ${word}`)]);
  let whole = 0;
  let wholeAfterSpace = 0;
  for await (const [, [alone, within]] of mapAhead(words, lengths)) {
    throwIfAborted(job?.abortSignal);
    if (alone === 1) whole++;
    if (within - before === 1) wholeAfterSpace++;
  }
  return {
    whole,
    retention: whole / words.length,
    wholeAfterSpace,
    retentionAfterSpace: wholeAfterSpace / words.length,
  };
}

/** A text that a word stands behind: a bare space would become two where a tokenizer puts one before each text. */
const BEFORE = ":";
