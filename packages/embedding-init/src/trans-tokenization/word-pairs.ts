import { type ParallelLines, type WordAlignment, type WordCut, wordsOfLine } from "@revocab/parallel-text";

export interface WordPairOptions {
  readonly lines: Pick<ParallelLines, "source" | "target">;
  readonly alignment: WordAlignment;
  /** How the alignment numbers words. */
  readonly words: WordCut;
  /** Whether a tokenizer writes the first word of a line as if a space stood before it. */
  readonly beginsWithSpace: { readonly source: boolean; readonly target: boolean };
}

/** Two words as they stand in text, with the space before them if there is one, and how often they are linked. */
export interface CountedPair {
  readonly source: string;
  readonly target: string;
  readonly count: number;
}

/** Every pair of linked words, in the order of their first link; "Dog", "dog" and " dog" are three words. */
export function countWordPairs({ lines, alignment, words, beginsWithSpace }: WordPairOptions): CountedPair[] {
  const source = numberedWords();
  const target = numberedWords();
  const counts = new Map<number, number>();
  for (let line = 0; line + 1 < alignment.offsets.length; line++) {
    const [start, end] = [alignment.offsets[line], alignment.offsets[line + 1]];
    if (start === end) continue;
    const left = spacedWords(lines.source[line], words, beginsWithSpace.source);
    const right = spacedWords(lines.target[line], words, beginsWithSpace.target);
    for (let at = start; at < end; at++) {
      const key =
        source.numberOf(left[alignment.source[at]]) * MOST_WORDS +
        target.numberOf(right[alignment.target[at]]);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return Array.from(counts, ([key, count]) => ({
    source: source.all[Math.floor(key / MOST_WORDS)],
    target: target.all[key % MOST_WORDS],
    count,
  }));
}

/** Of a side; two numbers below it make one that a double holds exactly. */
const MOST_WORDS = 2 ** 26;

function numberedWords() {
  const numbers = new Map<string, number>();
  const all: string[] = [];
  return {
    all,
    numberOf(word: string): number {
      const known = numbers.get(word);
      if (known !== undefined) return known;
      numbers.set(word, all.length);
      return all.push(word) - 1;
    },
  };
}

function spacedWords(line: string, cut: WordCut, beginsWithSpace: boolean): string[] {
  let end = 0;
  return wordsOfLine(line, cut).map(({ text, start, end: next }, i) => {
    const isSpaced = start > end || (i === 0 && beginsWithSpace);
    end = next;
    return isSpaced ? ` ${text}` : text;
  });
}
