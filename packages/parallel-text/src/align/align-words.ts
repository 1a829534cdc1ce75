import { type Job, RevocabError, threadsOf, throwIfAborted } from "@revocab/core";
import type { ParallelLines } from "../read-parallel-lines.ts";
import { type WordCut, wordsOfLine } from "../words-of-line.ts";
import type { DirectedAlignment } from "./align-direction.ts";
import { alignedCorpus, isAlignable } from "./aligned-corpus.ts";
import { alignBothDirections } from "./both-directions.ts";
import { type Symmetrization, symmetrize } from "./symmetrize.ts";
import { type WordAlignment, WordAlignmentBuilder } from "./word-alignment.ts";

export interface AlignWordsOptions {
  readonly lines: Pick<ParallelLines, "source" | "target">;
  /** @default "unicode" */
  readonly words?: WordCut;
  /** Words that differ only in case, or in how their accents are composed, are one. @default true */
  readonly foldCase?: boolean;
  /** Passes over the text in each direction, 1 … 100; the last one reads the links off. @default 5 */
  readonly iterations?: number;
  /** @default "grow-diag-final-and" */
  readonly symmetrization?: Symmetrization;
  /** `threads`: 2 works on both directions at once; the links are the same. @default 2, or 1 on one core */
  readonly job?: Job;
}

export interface AlignedWords {
  readonly alignment: WordAlignment;
  /** Words of all lines. */
  readonly words: { readonly source: number; readonly target: number };
  /** Lines without links because a side has no words, or more than 1,000. */
  readonly skipped: { readonly empty: number; readonly long: number };
  /** Links that both directions have, and links that at least one has; the nearer they are, the surer is the alignment. */
  readonly directions: { readonly both: number; readonly either: number };
  /** The source words given and the target words generated, and the other way round. */
  readonly forward: DirectionSummary;
  readonly reverse: DirectionSummary;
}

export type DirectionSummary = Omit<DirectedAlignment, "links">;

/**
 * Links the words of each line to those of its translation, from nothing but the lines themselves: fast_align's model in
 * both directions, made one by {@link symmetrize}. The same lines give the same links, whatever the threads; exchanging the
 * languages gives the same links the other way round.
 *
 * Memory: 4 bytes for each pair of words in one line, and 40 for each distinct one.
 * @throws RevocabError bad_options; bad_text when no line can be aligned, or there are too many; aborted
 */
export async function alignWords({
  lines,
  words = "unicode",
  foldCase = true,
  iterations = 5,
  symmetrization = "grow-diag-final-and",
  job,
}: AlignWordsOptions): Promise<AlignedWords> {
  const threads = threadsOf(job, 2);
  checkOptions(lines, iterations);
  const cut = (line: string) => wordsOfLine(line, words).map(({ text }) => (foldCase ? folded(text) : text));
  const source = lines.source.map(cut);
  const target = lines.target.map(cut);
  throwIfAborted(job?.abortSignal);
  const skipped = skippedLines(source, target);
  const corpus = alignedCorpus(source, target);
  const [forward, reverse] = await alignBothDirections(corpus, {
    iterations,
    threads,
    job,
  });
  const builder = new WordAlignmentBuilder();
  const directions = { both: 0, either: 0 };
  for (let line = 0; line < source.length; line++) {
    const there = forward.links.subarray(corpus.targetOffsets[line], corpus.targetOffsets[line + 1]);
    const back = reverse.links.subarray(corpus.sourceOffsets[line], corpus.sourceOffsets[line + 1]);
    builder.addLine(symmetrize(there, back, symmetrization));
    directions.both += symmetrize(there, back, "intersect").length;
    directions.either += symmetrize(there, back, "union").length;
  }
  const count = (side: readonly (readonly string[])[]) => side.reduce((sum, { length }) => sum + length, 0);
  return {
    alignment: builder.build(),
    words: { source: count(source), target: count(target) },
    skipped,
    directions,
    forward: summaryOf(forward),
    reverse: summaryOf(reverse),
  };
}

function folded(word: string): string {
  return word.normalize("NFC").toLowerCase();
}

function summaryOf({ tension, bitsPerWord, nullShare }: DirectedAlignment): DirectionSummary {
  return { tension, bitsPerWord, nullShare };
}

function checkOptions(
  { source, target }: Pick<ParallelLines, "source" | "target">,
  iterations: number,
): void {
  if (source.length !== target.length) {
    throw new RevocabError(
      "bad_options",
      `there are ${source.length} source lines and ${target.length} target lines; as many were expected`,
    );
  }
  if (!(Number.isInteger(iterations) && iterations >= 1 && iterations <= MOST_ITERATIONS)) {
    throw new RevocabError(
      "bad_options",
      `iterations is ${iterations}, expected a whole number from 1 to ${MOST_ITERATIONS}`,
    );
  }
}

const MOST_ITERATIONS = 100;

/** @throws RevocabError bad_text when all are */
function skippedLines(
  source: readonly (readonly string[])[],
  target: readonly (readonly string[])[],
): AlignedWords["skipped"] {
  let empty = 0;
  let long = 0;
  for (const [line, words] of source.entries()) {
    if (words.length === 0 || target[line].length === 0) empty++;
    else if (!isAlignable(words.length) || !isAlignable(target[line].length)) long++;
  }
  if (empty + long === source.length) {
    throw new RevocabError(
      "bad_text",
      `of ${source.length} lines ${empty} have no words on a side and ${long} have too many; none can be aligned`,
      { hint: "give two texts with a sentence on each line" },
    );
  }
  return { empty, long };
}
