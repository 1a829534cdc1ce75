import { throwIfAborted } from "@revocab/core";
import { replaceFile } from "@revocab/files";
import { readDictionary, type WordPair } from "@revocab/vocab-alignment";
import { pharaohText } from "../pharaoh.ts";
import { type ParallelLines, type ParallelPaths, readParallelLines } from "../read-parallel-lines.ts";
import { type WordCut, wordsOfLine } from "../words-of-line.ts";
import { type AlignedWords, type AlignWordsOptions, alignWords } from "./align-words.ts";
import type { WordAlignment } from "./word-alignment.ts";

export interface AlignFilesOptions extends Omit<AlignWordsOptions, "lines"> {
  readonly parallel: ParallelPaths;
  /** The file to write, in Pharaoh's format; what is there is replaced when the new one is whole. */
  readonly out: string;
  /** A file of word pairs, source TAB target, which the links are held against. */
  readonly dictionary?: string;
}

export interface AlignedFiles extends Omit<AlignedWords, "alignment" | "words"> {
  readonly lines: number;
  readonly sourceWords: number;
  readonly targetWords: number;
  readonly links: number;
  /** How the words are cut that the links number. */
  readonly words: WordCut;
  readonly dictionary?: DictionaryAgreement;
  readonly out: string;
}

/**
 * Aligns the words of two texts and writes the links.
 * @throws RevocabError what {@link readParallelLines}, `readDictionary` and {@link alignWords} throw; no_space, write_failed
 */
export async function alignFiles({
  parallel,
  out,
  dictionary: path,
  words = "unicode",
  ...options
}: AlignFilesOptions): Promise<AlignedFiles> {
  const { job } = options;
  const pairs = path === undefined ? undefined : (await readDictionary(path)).pairs;
  const lines = await readParallelLines(parallel, job);
  const aligned = await alignWords({ lines, words, ...options });
  const { alignment, skipped, directions, forward, reverse } = aligned;
  await replaceFile(out, async (write) => {
    for (const text of pharaohText(alignment)) {
      throwIfAborted(job?.abortSignal);
      await write(new TextEncoder().encode(text));
    }
  });
  return {
    lines: lines.source.length,
    skipped,
    sourceWords: aligned.words.source,
    targetWords: aligned.words.target,
    links: alignment.source.length,
    words,
    directions,
    forward,
    reverse,
    ...(pairs && { dictionary: dictionaryAgreement({ lines, alignment, words, pairs }) }),
    out,
  };
}

export interface DictionaryAgreementOptions {
  readonly lines: Pick<ParallelLines, "source" | "target">;
  readonly alignment: WordAlignment;
  /** How the alignment numbers words. */
  readonly words: WordCut;
  readonly pairs: readonly WordPair[];
}

/** How far a word alignment agrees with a dictionary; case aside. */
export interface DictionaryAgreement {
  /** Links of the alignment. */
  readonly links: number;
  /** Links between two words that the dictionary has as a pair. */
  readonly listed: number;
  /** Links between two words that the dictionary has, in pairs with whichever words. */
  readonly known: number;
  /** Source words in their lines of which the dictionary lists a translation that stands in the target line. */
  readonly translatable: number;
  /** Those of them that are linked to such a translation. */
  readonly found: number;
}

/**
 * Counts what a dictionary confirms. `listed / links` judges the links, though a dictionary lists few of all true pairs (no
 * inflected forms); `found / translatable` judges what is missing, as far as a dictionary can tell.
 */
export function dictionaryAgreement({
  lines,
  alignment,
  words,
  pairs,
}: DictionaryAgreementOptions): DictionaryAgreement {
  const translations = new Map<string, Set<string>>();
  const targets = new Set<string>();
  for (const pair of pairs) {
    const [source, target] = [folded(pair.source), folded(pair.target)];
    const known = translations.get(source) ?? new Set();
    translations.set(source, known.add(target));
    targets.add(target);
  }
  const wordsOf = (line: string) => wordsOfLine(line, words).map(({ text }) => folded(text));
  let listed = 0;
  let known = 0;
  let translatable = 0;
  let found = 0;
  for (let line = 0; line + 1 < alignment.offsets.length; line++) {
    const source = wordsOf(lines.source[line]);
    const target = wordsOf(lines.target[line]);
    const confirmed = new Set<number>();
    for (let at = alignment.offsets[line]; at < alignment.offsets[line + 1]; at++) {
      const list = translations.get(source[alignment.source[at]]);
      const other = target[alignment.target[at]];
      if (list !== undefined && targets.has(other)) known++;
      if (!list?.has(other)) continue;
      listed++;
      confirmed.add(alignment.source[at]);
    }
    for (const [i, word] of source.entries()) {
      const list = translations.get(word);
      if (list === undefined || !target.some((other) => list.has(other))) continue;
      translatable++;
      if (confirmed.has(i)) found++;
    }
  }
  return { links: alignment.source.length, listed, known, translatable, found };
}

function folded(word: string): string {
  return word.normalize("NFC").toLowerCase();
}
