import { throwIfAborted } from "@revocab/core";
import { replaceFile } from "@revocab/files";
import { readDictionary } from "@revocab/vocab-alignment";
import { pharaohText } from "../pharaoh-text.ts";
import { type ParallelPaths, readParallelLines } from "../read-parallel-lines.ts";
import type { WordCut } from "../words-of-line.ts";
import { type AlignedWords, type AlignWordsOptions, alignWords } from "./align-words.ts";
import { type DictionaryAgreement, dictionaryAgreement } from "./dictionary-agreement.ts";

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
  const { abortSignal } = options;
  const pairs = path === undefined ? undefined : (await readDictionary(path)).pairs;
  const lines = await readParallelLines(parallel, { ...(abortSignal && { abortSignal }) });
  const aligned = await alignWords({ lines, words, ...options });
  const { alignment, skipped, directions, forward, reverse } = aligned;
  await replaceFile(out, async (write) => {
    for (const text of pharaohText(alignment)) {
      throwIfAborted(abortSignal);
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
