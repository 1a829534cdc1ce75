import { type Job, RevocabError, throwIfAborted } from "@revocab/core";
import { readLines, replaceFile } from "@revocab/files";
import { type Coverage, coverageOf, readDictionary } from "@revocab/vocab-alignment";
import type { WordAlignment } from "../align/word-alignment.ts";
import { readPharaoh } from "../pharaoh.ts";
import { type ParallelPaths, readParallelLines } from "../read-parallel-lines.ts";
import { WORD_CUTS, type WordCut, wordsOfLine } from "../words-of-line.ts";
import type { WordLink } from "./aligned-swaps.ts";
import { translationTable } from "./dictionary-swaps.ts";
import { MIXED_FORMS, type MixedForm, type MixedLines, mixLines, type SideCounts } from "./mix-lines.ts";

export interface MixCorpusOptions {
  /** Two texts of which line i says the same. */
  readonly parallel?: ParallelPaths;
  /** Text of the source's language alone; only with a dictionary and without `parallel`. */
  readonly text?: string;
  /** Text of the target's language alone, likewise. */
  readonly targetText?: string;
  /** Word pairs, source TAB target. */
  readonly dictionary?: string;
  /** A word alignment of the parallel texts in Pharaoh's format: aligned words change places. */
  readonly alignments?: string;
  /** The file to write, UTF-8; what is there is replaced when the new one is whole. */
  readonly out: string;
  /** @default swapped where a dictionary or alignments are given, and interleaved where parallel lines are */
  readonly forms?: readonly MixedForm[];
  /** How likely a word that can be replaced is. @default 0.3 */
  readonly share?: number;
  /** Words of a language in turn on an interleaved line. @default 3 */
  readonly wordsInPiece?: number;
  /** How lines are cut into words, which the alignments number. @default "unicode" */
  readonly words?: WordCut;
  /** Lines of each text that are read. @default all */
  readonly maxLines?: number;
  /** @default 0 */
  readonly seed?: number;
  readonly job?: Job;
}

export interface MixedCorpus {
  /** Lines read: pairs of parallel texts, or lines of the texts. */
  readonly lines: number;
  /** Of those, lines without words on one side or both, which were passed over. */
  readonly empty: number;
  readonly written: number;
  readonly source: SideCounts;
  readonly target: SideCounts;
  /** How many pairs of the dictionary the texts have the words of. */
  readonly dictionary?: Coverage;
  readonly out: string;
}

/**
 * Writes a text in which two languages mix, so that words of both stand in one window of neighbors. A line depends on its
 * number, the seed and itself alone: fewer lines give the beginning of the same text.
 * @throws RevocabError bad_options; missing_file; bad_text; no_evidence when nothing of the texts can be replaced;
 *   no_space, write_failed; aborted
 */
export async function mixCorpus(options: MixCorpusOptions): Promise<MixedCorpus> {
  const { dictionary: path, out, maxLines, job } = options;
  const { forms, share, wordsInPiece, cut, seed } = checkMixOptions(options);
  job?.onProgress?.({ type: "step", step: "read texts" });
  const dictionary = path === undefined ? undefined : await readDictionary(path);
  const texts = await readMixedTexts(options, cut);
  const total = Math.min(texts.length, maxLines ?? texts.length);
  const known = dictionary && wordsOfTexts(texts, total, job?.abortSignal);
  const tables = dictionary &&
    known && {
      source: translationTable(dictionary.pairs, (word) => known.target.has(word)),
      target: translationTable(
        dictionary.pairs.map(({ source, target }) => ({ source: target, target: source })),
        (word) => known.source.has(word),
      ),
    };

  const counts = { source: NOTHING, target: NOTHING };
  let [empty, written] = [0, 0];
  await replaceFile(out, async (write) => {
    let pending = "";
    for (let number = 0; number < total; number++) {
      if (number % LINES_BETWEEN_CHECKS === 0) {
        throwIfAborted(job?.abortSignal);
        job?.onProgress?.({ type: "progress", step: "mix", done: number, total, unit: "rows" });
      }
      const mixed = texts.at(number);
      if (mixed === undefined) {
        empty++;
        continue;
      }
      const result = mixLines(mixed, { forms, share, seed, wordsInPiece, cut, tables });
      for (const side of ["source", "target"] as const) {
        counts[side] = sumOf(counts[side], result.counts[side]);
      }
      for (const line of result.lines) pending += `${line}\n`;
      written += result.lines.length;
      if (pending.length > CHARACTERS_IN_WRITE) {
        await write(Buffer.from(pending));
        pending = "";
      }
    }
    await write(Buffer.from(pending));
    checkEvidence(forms, counts.source.replaceable + counts.target.replaceable);
  });
  job?.onProgress?.({ type: "progress", step: "mix", done: total, total, unit: "rows" });
  return {
    lines: total,
    empty,
    written,
    ...counts,
    ...(dictionary &&
      known && { dictionary: coverageOf(dictionary, wordsIn(known.source), wordsIn(known.target)) }),
    out,
  };
}

const LINES_BETWEEN_CHECKS = 1_000;
const CHARACTERS_IN_WRITE = 1 << 20;
const NOTHING: SideCounts = { words: 0, replaceable: 0, replaced: 0 };

/** In lower case. */
function wordsOfTexts(texts: MixedTexts, total: number, abortSignal: AbortSignal | undefined) {
  const known = { source: new Set<string>(), target: new Set<string>() };
  for (let number = 0; number < total; number++) {
    if (number % LINES_BETWEEN_CHECKS === 0) throwIfAborted(abortSignal);
    const lines = texts.at(number);
    for (const side of ["source", "target"] as const) {
      for (const { text } of wordsOfLine(lines?.[side] ?? "")) known[side].add(text.toLowerCase());
    }
  }
  return known;
}

function sumOf(a: SideCounts, b: SideCounts): SideCounts {
  return {
    words: a.words + b.words,
    replaceable: a.replaceable + b.replaceable,
    replaced: a.replaced + b.replaced,
  };
}

function wordsIn(words: ReadonlySet<string>) {
  return { indexOf: (word: string) => (words.has(word) ? 0 : undefined) };
}

function checkEvidence(forms: readonly MixedForm[], replaceable: number): void {
  if (!forms.includes("swapped") || replaceable > 0) return;
  throw new RevocabError("no_evidence", "no word of the texts has a translation, so nothing can be swapped", {
    hint: "a dictionary's first column is the source's language, the second the target's; alignments must not be empty",
  });
}

/** The options in force. @throws RevocabError bad_options where they contradict each other or are not enough */
function checkMixOptions(options: MixCorpusOptions) {
  const { parallel, text, targetText, dictionary, alignments } = options;
  const { share = 0.3, wordsInPiece = 3, words: cut = "unicode", seed = 0, maxLines } = options;
  const hasTexts = text !== undefined || targetText !== undefined;
  if (parallel === undefined && !hasTexts) {
    throw new RevocabError("bad_options", "neither parallel texts nor a text were given", {
      hint: "give parallel lines (en.txt:de.txt), or a text and a dictionary",
    });
  }
  if (parallel !== undefined && hasTexts) {
    throw new RevocabError("bad_options", "both parallel texts and a text of one language were given", {
      hint: "mix each by itself, and join the two files",
    });
  }
  if (parallel === undefined && alignments !== undefined) {
    throw new RevocabError(
      "bad_options",
      "alignments were given without the parallel texts that they align",
      {
        hint: "give the two texts too",
      },
    );
  }
  const canSwap = dictionary !== undefined || alignments !== undefined;
  if (parallel === undefined && !canSwap) {
    throw new RevocabError(
      "bad_options",
      "a text of one language was given without a dictionary, so nothing can be mixed into it",
      { hint: "give a dictionary (source TAB target), or parallel texts" },
    );
  }
  checkNumber("share", share, share >= 0 && share <= 1, "a number from 0 to 1");
  checkNumber(
    "wordsInPiece",
    wordsInPiece,
    Number.isInteger(wordsInPiece) && wordsInPiece >= 1,
    "a whole number from 1",
  );
  if (maxLines !== undefined) {
    checkNumber("maxLines", maxLines, Number.isInteger(maxLines) && maxLines >= 1, "a whole number from 1");
  }
  checkWord("words", cut, WORD_CUTS);
  const forms = options.forms ?? defaultForms(canSwap, parallel !== undefined);
  for (const form of forms) checkWord("forms", form, MIXED_FORMS);
  if (forms.length === 0)
    throw new RevocabError("bad_options", "forms is empty, so nothing would be written");
  checkForms(forms, canSwap, parallel !== undefined);
  return { forms, share, wordsInPiece, cut, seed };
}

function defaultForms(canSwap: boolean, isParallel: boolean): MixedForm[] {
  return [...(canSwap ? (["swapped"] as const) : []), ...(isParallel ? (["interleaved"] as const) : [])];
}

function checkForms(forms: readonly MixedForm[], canSwap: boolean, isParallel: boolean): void {
  if (forms.includes("swapped") && !canSwap) {
    throw new RevocabError("bad_options", "swapped lines were asked for without a dictionary or alignments", {
      hint: "give one of them, or ask for interleaved lines",
    });
  }
  const needsPair = forms.find((form) => form === "interleaved" || form === "joined");
  if (needsPair !== undefined && !isParallel) {
    throw new RevocabError("bad_options", `${needsPair} lines were asked for without parallel texts`, {
      hint: "give parallel texts, or ask for swapped lines",
    });
  }
}

function checkNumber(name: string, value: number, isAllowed: boolean, expected: string): void {
  if (isAllowed) return;
  throw new RevocabError("bad_options", `${name} is ${value}, expected ${expected}`);
}

function checkWord(name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  throw new RevocabError("bad_options", `${name} is "${value}", expected ${allowed.join(", ")}`);
}

/** The lines that are mixed, by number. */
interface MixedTexts {
  readonly length: number;
  /** Undefined where there are no words. */
  at(number: number): MixedLines | undefined;
}

/** Reads parallel texts with their alignment, or texts of one language each. */
async function readMixedTexts(
  { parallel, text, targetText, alignments, job }: MixCorpusOptions,
  cut: WordCut,
): Promise<MixedTexts> {
  const isEmpty = (line: string) => !/\S/.test(line);
  if (parallel !== undefined) {
    const lines = await readParallelLines(parallel, job);
    const { source, target } = lines;
    const alignment =
      alignments === undefined ? undefined : await readPharaoh(alignments, { lines, words: cut, job });
    return {
      length: source.length,
      at: (number) =>
        isEmpty(source[number]) || isEmpty(target[number])
          ? undefined
          : {
              number,
              source: source[number],
              target: target[number],
              links: alignment && linksOf(alignment, number),
            },
    };
  }
  const source = text === undefined ? [] : await readLines(text, job?.abortSignal);
  const target = targetText === undefined ? [] : await readLines(targetText, job?.abortSignal);
  // no translations of each other: each line of the shorter text stands beside one of the other by chance
  const lineOf = (lines: readonly string[], number: number) =>
    number < lines.length && !isEmpty(lines[number]) ? lines[number] : undefined;
  return {
    length: Math.max(source.length, target.length),
    at(number) {
      const lines = { number, source: lineOf(source, number), target: lineOf(target, number) };
      return lines.source === undefined && lines.target === undefined ? undefined : lines;
    },
  };
}

function linksOf({ offsets, source, target }: WordAlignment, line: number): WordLink[] {
  return Array.from({ length: offsets[line + 1] - offsets[line] }, (_, i) => ({
    source: source[offsets[line] + i],
    target: target[offsets[line] + i],
  }));
}
