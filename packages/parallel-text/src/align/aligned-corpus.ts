import { RevocabError } from "@revocab/core";

/**
 * Two texts in word numbers, and every pair of words that stand in one line, as flat arrays that threads share.
 * Lines without words on a side, or with too many, have none here.
 */
export interface AlignedCorpus {
  /** [lines + 1] */
  readonly sourceOffsets: Uint32Array;
  /** [lines + 1] */
  readonly targetOffsets: Uint32Array;
  /** Word numbers of the source text. */
  readonly sourceWords: Uint32Array;
  /** Word numbers of the target text. */
  readonly targetWords: Uint32Array;
  /** [lines + 1] where the cells of a line begin. */
  readonly cellOffsets: Uint32Array;
  /** Cell i · m + j of a line of n × m words: the pair of its source word i and its target word j. */
  readonly cells: Uint32Array;
  /** [pairs] the source word of a pair; ascending. */
  readonly pairSource: Uint32Array;
  /** [pairs] the target word of a pair; ascending where the source word is the same. */
  readonly pairTarget: Uint32Array;
  /** Distinct words. */
  readonly sourceSize: number;
  readonly targetSize: number;
}

/** Longer lines are paragraphs, whose n × m cells cost much and tell little. */
const LONGEST_LINE = 1000;

/** Four bytes each: 2 GB. */
const MOST_CELLS = 2 ** 29;

/**
 * @param source [lines] the words of each line
 * @param target [lines] likewise
 * @throws RevocabError bad_text when the lines have more than 2²⁹ pairs of words, about a million sentences
 */
export function alignedCorpus(
  source: readonly (readonly string[])[],
  target: readonly (readonly string[])[],
): AlignedCorpus {
  const isUsed = source.map((words, i) => isAlignable(words.length) && isAlignable(target[i].length));
  const left = numberWords(source.map((words, i) => (isUsed[i] ? words : [])));
  const right = numberWords(target.map((words, i) => (isUsed[i] ? words : [])));
  const cellOffsets = shared(source.length + 1);
  let count = 0;
  for (let line = 0; line < source.length; line++) {
    count += lengthOf(left.offsets, line) * lengthOf(right.offsets, line);
    if (count > MOST_CELLS) {
      throw new RevocabError(
        "bad_text",
        `the first ${line + 1} of ${source.length} lines have ${count} pairs of words, more than the ${MOST_CELLS} that can be held`,
        { hint: "give fewer lines, for example the first of both texts with head -n" },
      );
    }
    cellOffsets[line + 1] = count;
  }
  return {
    sourceOffsets: left.offsets,
    targetOffsets: right.offsets,
    sourceWords: left.words,
    targetWords: right.words,
    cellOffsets,
    sourceSize: left.size,
    targetSize: right.size,
    ...indexPairs(left, right, cellOffsets),
  };
}

export function isAlignable(words: number): boolean {
  return words > 0 && words <= LONGEST_LINE;
}

interface NumberedText {
  readonly offsets: Uint32Array;
  readonly words: Uint32Array;
  readonly size: number;
}

/** Words are numbered in the order of their first occurrence. */
function numberWords(lines: readonly (readonly string[])[]): NumberedText {
  const numbers = new Map<string, number>();
  const offsets = shared(lines.length + 1);
  for (const [line, words] of lines.entries()) offsets[line + 1] = offsets[line] + words.length;
  const all = shared(offsets[lines.length]);
  let place = 0;
  for (const words of lines) {
    for (const word of words) {
      const known = numbers.get(word) ?? numbers.size;
      numbers.set(word, known);
      all[place++] = known;
    }
  }
  return { offsets, words: all, size: numbers.size };
}

/**
 * Numbers the pairs source word by source word: all lines of a word are gone through, once to collect the target words that
 * stand in them and once to write the pairs' numbers into the cells, with no table of pairs to look them up in.
 */
function indexPairs(
  source: NumberedText,
  target: NumberedText,
  cellOffsets: Uint32Array,
): Pick<AlignedCorpus, "cells" | "pairSource" | "pairTarget"> {
  const cells = shared(cellOffsets[cellOffsets.length - 1]);
  const { starts, places, lines } = occurrences(source);
  const seenFor = new Int32Array(target.size).fill(-1);
  const pairOf = new Uint32Array(target.size);
  const pairTargets: Uint32Array[] = [];
  const pairStarts = new Uint32Array(source.size + 1);
  for (let word = 0; word < source.size; word++) {
    const found: number[] = [];
    for (let at = starts[word]; at < starts[word + 1]; at++) {
      const line = lines[at];
      for (let j = target.offsets[line]; j < target.offsets[line + 1]; j++) {
        const other = target.words[j];
        if (seenFor[other] === word) continue;
        seenFor[other] = word;
        found.push(other);
      }
    }
    const sorted = Uint32Array.from(found).sort();
    for (let k = 0; k < sorted.length; k++) pairOf[sorted[k]] = pairStarts[word] + k;
    for (let at = starts[word]; at < starts[word + 1]; at++) {
      const line = lines[at];
      const start = target.offsets[line];
      const width = target.offsets[line + 1] - start;
      const row = cellOffsets[line] + (places[at] - source.offsets[line]) * width;
      for (let j = 0; j < width; j++) cells[row + j] = pairOf[target.words[start + j]];
    }
    pairTargets.push(sorted);
    pairStarts[word + 1] = pairStarts[word] + sorted.length;
  }
  const pairSource = shared(pairStarts[source.size]);
  const pairTarget = shared(pairStarts[source.size]);
  for (const [word, targets] of pairTargets.entries()) {
    pairSource.fill(word, pairStarts[word], pairStarts[word + 1]);
    pairTarget.set(targets, pairStarts[word]);
  }
  return { cells, pairSource, pairTarget };
}

/** Where each word stands: in `places[starts[word] … starts[word + 1])` of the text, and in which lines. */
function occurrences({ offsets, words, size }: NumberedText) {
  const starts = new Uint32Array(size + 1);
  for (const word of words) starts[word + 1]++;
  for (let word = 0; word < size; word++) starts[word + 1] += starts[word];
  const next = starts.slice(0, size);
  const places = new Uint32Array(words.length);
  const lines = new Uint32Array(words.length);
  for (let line = 0; line + 1 < offsets.length; line++) {
    for (let place = offsets[line]; place < offsets[line + 1]; place++) {
      const at = next[words[place]]++;
      places[at] = place;
      lines[at] = line;
    }
  }
  return { starts, places, lines };
}

function lengthOf(offsets: Uint32Array, line: number): number {
  return offsets[line + 1] - offsets[line];
}

/** Zeros that other threads see too. */
function shared(length: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(length * Uint32Array.BYTES_PER_ELEMENT));
}

/** A corpus seen in one direction: each *generated* word is explained by one of the *given* words of its line, or by none. */
export interface DirectionView {
  readonly givenOffsets: Uint32Array;
  readonly generatedOffsets: Uint32Array;
  readonly generatedWords: Uint32Array;
  /** [pairs] the given word of each pair. */
  readonly pairGiven: Uint32Array;
  readonly givenSize: number;
  readonly generatedSize: number;
  /** Lines that have words, those of the same lengths together: they share a prior. */
  readonly groups: readonly LineGroup[];
  /** How far apart the cells of neighboring words are, in a line of so many given and generated words. */
  strideOf(given: number, generated: number): { readonly given: number; readonly generated: number };
}

export interface LineGroup {
  readonly given: number;
  readonly generated: number;
  readonly lines: readonly number[];
}

/** @param isReverse the target words are given and the source words generated */
export function directionView(corpus: AlignedCorpus, isReverse: boolean): DirectionView {
  const { sourceOffsets, targetOffsets, sourceWords, targetWords, pairSource, pairTarget } = corpus;
  const { sourceSize, targetSize } = corpus;
  return isReverse
    ? {
        givenOffsets: targetOffsets,
        generatedOffsets: sourceOffsets,
        generatedWords: sourceWords,
        pairGiven: pairTarget,
        givenSize: targetSize,
        generatedSize: sourceSize,
        groups: groupLines(targetOffsets, sourceOffsets),
        strideOf: (given) => ({ given: 1, generated: given }),
      }
    : {
        givenOffsets: sourceOffsets,
        generatedOffsets: targetOffsets,
        generatedWords: targetWords,
        pairGiven: pairSource,
        givenSize: sourceSize,
        generatedSize: targetSize,
        groups: groupLines(sourceOffsets, targetOffsets),
        strideOf: (_, generated) => ({ given: generated, generated: 1 }),
      };
}

/** By lengths and then by line, so that sums are taken in the same order however the languages are named. */
function groupLines(givenOffsets: Uint32Array, generatedOffsets: Uint32Array): LineGroup[] {
  const groups = new Map<string, { given: number; generated: number; lines: number[] }>();
  for (let line = 0; line + 1 < givenOffsets.length; line++) {
    const given = givenOffsets[line + 1] - givenOffsets[line];
    const generated = generatedOffsets[line + 1] - generatedOffsets[line];
    if (given === 0 || generated === 0) continue;
    const key = `${given} ${generated}`;
    const group = groups.get(key) ?? { given, generated, lines: [] };
    group.lines.push(line);
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => a.given - b.given || a.generated - b.generated);
}
