import { type AlignedCorpus, type DirectionView, directionView, type LineGroup } from "./aligned-corpus.ts";
import { diagonalPrior, nextTension } from "./diagonal-prior.ts";

interface DirectionOptions {
  /** The target words are given and the source words generated. */
  readonly isReverse: boolean;
  /** Passes over the text, ≥ 1; the last one reads the links off. */
  readonly iterations: number;
  /** Called before each group of lines with the words done in all passes; false stops. */
  readonly goesOn?: (wordsDone: number) => boolean;
}

export interface DirectedAlignment {
  /** [generated words of the text] which word of the given line explains each, or −1 for none. */
  readonly links: Int32Array;
  /** λ, as learned: how near to the diagonal links are. */
  readonly tension: number;
  /** Of a generated word, under the model of the last pass. */
  readonly bitsPerWord: number;
  /** Share of generated words that are explained by no word, by their posterior. */
  readonly nullShare: number;
}

/** P(a generated word is explained by none), fixed. */
const NULL_PROBABILITY = 0.08;
/** Of the Dirichlet prior of each word's translations: below 1, so that few of them are probable. */
const ALPHA = 0.01;
const FIRST_TENSION = 4;

/**
 * Links each generated word to the given word of its line that best explains it: IBM model 2 with a diagonal prior, its
 * translation table by variational Bayes and its tension by gradient steps, as fast_align.
 *
 * The same text gives the same bytes: one thread, sums in a fixed order.
 * @returns undefined when it was stopped
 * @see https://aclanthology.org/N13-1073
 */
export function alignDirection(
  corpus: AlignedCorpus,
  { isReverse, iterations, goesOn = () => true }: DirectionOptions,
): DirectedAlignment | undefined {
  const view = directionView(corpus, isReverse);
  const table = uniformTable(corpus, view);
  const links = new Int32Array(view.generatedWords.length).fill(-1);
  let tension = FIRST_TENSION;
  for (let iteration = 0; ; iteration++) {
    const isLast = iteration === iterations - 1;
    const sums: PassSums = { bits: 0, diagonality: 0, nullMass: 0 };
    let done = iteration * view.generatedWords.length;
    for (const group of view.groups) {
      if (!goesOn(done)) return undefined;
      explainGroup({ corpus, view, table, tension, group, sums, ...(isLast && { links }) });
      done += group.generated * group.lines.length;
    }
    const words = view.generatedWords.length;
    if (isLast) {
      return { links, tension, bitsPerWord: sums.bits / words, nullShare: sums.nullMass / words };
    }
    if (iteration > 0) {
      tension = nextTension({ groups: view.groups, tension, diagonality: sums.diagonality, words });
    }
    updateTable(view, table);
  }
}

/** What a given word is translated by, P(generated | given), and how often this pass found it to be. */
interface TranslationTable {
  /** [pairs] */
  readonly probabilities: Float64Array;
  readonly counts: Float64Array;
  /** [generated words] of no given word. */
  readonly nullProbabilities: Float64Array;
  readonly nullCounts: Float64Array;
}

interface PassSums {
  /** −log₂ P of all generated words. */
  bits: number;
  /** Σ posterior · h over links to given words. */
  diagonality: number;
  /** Σ posterior of links to none. */
  nullMass: number;
}

function uniformTable({ pairSource }: AlignedCorpus, { generatedSize }: DirectionView): TranslationTable {
  return {
    probabilities: new Float64Array(pairSource.length).fill(1 / generatedSize),
    counts: new Float64Array(pairSource.length),
    nullProbabilities: new Float64Array(generatedSize).fill(1 / generatedSize),
    nullCounts: new Float64Array(generatedSize),
  };
}

interface GroupTask {
  readonly corpus: AlignedCorpus;
  readonly view: DirectionView;
  readonly table: TranslationTable;
  readonly tension: number;
  readonly group: LineGroup;
  readonly sums: PassSums;
  /** Given in the last pass, which writes the best link of each word and counts nothing. */
  readonly links?: Int32Array;
}

/** The expectations of lines of the same lengths: which given word explains each generated word, in shares. */
function explainGroup({ corpus, view, table, tension, group, sums, links }: GroupTask): void {
  const { given, generated, lines } = group;
  const { cells, cellOffsets } = corpus;
  const { probabilities, counts, nullProbabilities, nullCounts } = table;
  const stride = view.strideOf(given, generated);
  const prior = diagonalPrior(given, generated, tension);
  const shares = new Float64Array(given);
  for (const line of lines) {
    const start = view.generatedOffsets[line];
    for (let j = 0; j < generated; j++) {
      const word = view.generatedWords[start + j];
      const first = cellOffsets[line] + j * stride.generated;
      const none = NULL_PROBABILITY * nullProbabilities[word];
      let total = none;
      let best = -1;
      let most = none;
      for (let i = 0; i < given; i++) {
        const share =
          (1 - NULL_PROBABILITY) * prior[j * given + i] * probabilities[cells[first + i * stride.given]];
        shares[i] = share;
        total += share;
        if (share > most) {
          most = share;
          best = i;
        }
      }
      sums.bits -= Math.log2(total);
      sums.nullMass += none / total;
      if (links !== undefined) {
        links[start + j] = best;
        continue;
      }
      nullCounts[word] += none / total;
      // j and not j + 1, as the published program: from an exact gradient λ ends at 12 instead of 7 on captions, where 82 %
      // instead of 84 % of the words find a translation that a dictionary lists
      const place = j / generated;
      for (let i = 0; i < given; i++) {
        const share = shares[i] / total;
        counts[cells[first + i * stride.given]] += share;
        sums.diagonality -= share * Math.abs((i + 1) / given - place);
      }
    }
  }
}

/** The table by the counts of a pass: exp(E[ln P]) under the Dirichlet posterior. Sets the counts to 0. */
function updateTable({ pairGiven, givenSize, generatedSize }: DirectionView, table: TranslationTable): void {
  const { probabilities, counts, nullProbabilities, nullCounts } = table;
  const totals = new Float64Array(givenSize);
  for (let pair = 0; pair < counts.length; pair++) totals[pairGiven[pair]] += counts[pair] + ALPHA;
  for (let given = 0; given < givenSize; given++) totals[given] = digamma(totals[given]);
  for (let pair = 0; pair < counts.length; pair++) {
    probabilities[pair] = Math.exp(digamma(counts[pair] + ALPHA) - totals[pairGiven[pair]]);
  }
  const nullTotal = digamma(nullCounts.reduce((sum, count) => sum + count, generatedSize * ALPHA));
  for (let word = 0; word < generatedSize; word++) {
    nullProbabilities[word] = Math.exp(digamma(nullCounts[word] + ALPHA) - nullTotal);
  }
  counts.fill(0);
  nullCounts.fill(0);
}

/**
 * ψ(x), the derivative of ln Γ(x), for x > 0, within 1e-12 of its value.
 *
 * ψ(x) = ψ(x + 1) − 1/x until x ≥ 8, then the asymptotic series ln x − 1/(2x) − Σ B_2k / (2k·x^2k).
 */
export function digamma(x: number): number {
  let shifted = x;
  let result = 0;
  for (; shifted < 8; shifted++) result -= 1 / shifted;
  const square = 1 / (shifted * shifted);
  const series =
    square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square / 132))));
  return result + Math.log(shifted) - 0.5 / shifted - series;
}
