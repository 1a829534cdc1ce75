import type { AlignedCorpus } from "./aligned-corpus.ts";

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
