import { type Job, quote, RevocabError, stages, type TokenKind } from "@revocab/core";
import type { ParallelPaths } from "@revocab/parallel-text";
import { type DigitScheme, digitScheme, fingerprint, type Tokenizer } from "@revocab/vocabulary";
import { classifyTokens, type TokenClass } from "./classify-tokens.ts";
import { compareVocabularies } from "./compare-vocabularies.ts";
import { type LanguageShares, languageShares } from "./language-shares.ts";
import { type MeasuredParallel, measureParallel, type ParallelQuality } from "./measure-parallel.ts";
import {
  type MeasuredText,
  measureText,
  sumTexts,
  type TextQuality,
  type TextSize,
  textQualities,
} from "./measure-text.ts";
import { measureWords, readWordList, type WordListQuality } from "./measure-words.ts";
import { type Reachability, testReachability } from "./reachability.ts";
import { type SpecialName, specialNames, splitSpecialNames } from "./special-names.ts";
import { type TokenLengths, tokenLengths } from "./token-lengths.ts";
import { gini } from "./token-statistics.ts";
import { type WhiteSpaceHandling, whiteSpaceHandling } from "./white-space.ts";

/** A file, and what it is called in the report, such as its language. */
export interface NamedFile {
  readonly name: string;
  readonly path: string;
}

export interface QualityOptions {
  /** In the order of the report; of these the first is what lengths are compared with. */
  readonly tokenizers: readonly { readonly name: string; readonly tokenizer: Tokenizer }[];
  /** UTF-8 texts, such as one for each language. @default none: vocabularies alone are looked at */
  readonly texts?: readonly NamedFile[];
  /** Pairs of line-aligned texts. @default none */
  readonly parallel?: readonly (ParallelPaths & { readonly name: string })[];
  /** Lists with a word in each line, such as one for each language. @default none */
  readonly wordLists?: readonly NamedFile[];
  readonly job?: Job;
}

/** How good tokenizers are, as plain data; lists of a tokenizer follow the lists of texts, pairs and word lists. */
export interface QualityReport {
  readonly tokenizers: readonly TokenizerQuality[];
  /** Tokens that all of them have. */
  readonly coreTokens: number;
  readonly texts: readonly (TextSize & { readonly name: string })[];
  readonly parallel: readonly { readonly name: string; readonly lines: number }[];
  readonly wordLists: readonly { readonly name: string; readonly words: number }[];
}

export interface TokenizerQuality {
  readonly name: string;
  readonly family: string;
  readonly fingerprint: string;
  /** V: the highest id + 1. */
  readonly size: number;
  readonly kinds: Readonly<Record<TokenKind, number>>;
  /** Tokens of each of Qtok's classes. */
  readonly classes: Readonly<Record<TokenClass, number>>;
  /** Tokens of letters of one script, by script, most first. */
  readonly scripts: Readonly<Record<string, number>>;
  /** By the word lists, where there are at least two. */
  readonly languages?: LanguageShares;
  /** Tokens of text and bytes, each byte string once; those that no other of the tokenizers has; those that each of them has. */
  readonly overlap: {
    readonly tokens: number;
    readonly singletons: number;
    readonly shared: readonly number[];
  };
  readonly lengths: TokenLengths;
  readonly reachability: Reachability;
  readonly digits: DigitScheme;
  readonly whiteSpace: WhiteSpaceHandling;
  readonly specialNames: readonly SpecialName[];
  readonly texts: readonly TextQuality[];
  /** All texts as one, where there are at least two. */
  readonly allTexts?: TextQuality;
  readonly parallel: readonly ParallelQuality[];
  readonly words: readonly WordListQuality[];
  readonly fairness: Fairness;
}

/** How equally languages are treated: Gini coefficients, 0 where all cost the same. */
export interface Fairness {
  /** Of tokens per byte of the texts; null for fewer than two. */
  readonly texts: number | null;
  /** Of tokens per line of the parallel texts; null without any. */
  readonly parallel: number | null;
}

/**
 * Measures tokenizers: what their vocabularies hold, which of their tokens are ever used, and what they make of texts. Nothing is
 * printed; the formulas and their sources are at each type.
 * @throws RevocabError bad_options without a tokenizer or for one name twice; missing_file; bad_text for a text that is empty or not UTF-8,
 *   and for parallel texts of different lengths; bad_tokenizer; aborted
 */
export async function measureQuality(options: QualityOptions): Promise<QualityReport> {
  const { tokenizers: named, texts = [], parallel = [], wordLists = [], job } = options;
  checkNames(named, "tokenizer");
  checkNames(texts, "text");
  checkNames(wordLists, "word list");
  if (named.length === 0) {
    throw new RevocabError("bad_options", "found no tokenizer, expected at least one", {
      hint: "give the tokenizers to measure",
    });
  }
  // texts first: what is wrong with one is said before minutes have gone into vocabularies
  const jobs = stages(job, {
    texts: Math.min(1, texts.length),
    parallel: Math.min(1, parallel.length),
    vocabularies: 1,
  });
  const tokenizers = named.map(({ tokenizer }) => tokenizer);
  const lists = await Promise.all(wordLists.map(({ path }) => readWordList(path, job)));
  const measured: MeasuredText[] = [];
  for (const [i, part] of equalStages(jobs.texts, texts.length).entries())
    measured.push(await measureText(texts[i], tokenizers, part));
  const all = measured.length > 1 ? [sumTexts(measured)] : [];
  const pairs: MeasuredParallel[] = [];
  for (const [i, part] of equalStages(jobs.parallel, parallel.length).entries())
    pairs.push(await measureParallel(parallel[i], tokenizers, part));
  const vocabularies = await measureVocabularies(named, lists, jobs.vocabularies);
  const ofTexts = measured.map((text) => textQualities(text, tokenizers));
  const [ofAll] = all.map((text) => textQualities(text, tokenizers));
  return {
    tokenizers: vocabularies.each.map((vocabulary, place) => {
      const own = ofTexts.map((qualities) => qualities[place]);
      const ownPairs = pairs.map(({ each }) => each[place]);
      return {
        ...vocabulary,
        texts: own,
        ...(ofAll !== undefined && { allTexts: ofAll[place] }),
        parallel: ownPairs,
        fairness: fairnessOf(own, ownPairs, parallel, pairs),
      };
    }),
    coreTokens: vocabularies.core,
    texts: measured.map(({ size }, place) => ({ name: texts[place].name, ...size })),
    parallel: pairs.map(({ lines }, place) => ({ name: parallel[place].name, lines })),
    wordLists: lists.map((words, place) => ({ name: wordLists[place].name, words: words.length })),
  };
}

/** A job for each of some parts that take about as long. */
function equalStages(job: Job | undefined, parts: number): readonly (Job | undefined)[] {
  return Object.values(stages(job, Object.fromEntries(Array.from({ length: parts }, (_, i) => [i, 1]))));
}

function checkNames(named: readonly { readonly name: string }[], what: string): void {
  const names = named.map(({ name }) => name);
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice === undefined) return;
  throw new RevocabError(
    "bad_options",
    `found two of the name ${quote(twice)}, expected another name for each ${what}`,
    {
      hint: `give each ${what} once, under a name of its own`,
    },
  );
}

type VocabularyQuality = Omit<TokenizerQuality, "texts" | "allTexts" | "parallel" | "fairness">;

/** All that needs no text. */
async function measureVocabularies(
  named: QualityOptions["tokenizers"],
  lists: readonly (readonly string[])[],
  job: Job | undefined,
): Promise<{ readonly core: number; readonly each: readonly VocabularyQuality[] }> {
  job?.onProgress?.({ type: "step", step: "compare vocabularies" });
  const { core, each: overlaps } = compareVocabularies(
    named.map(({ tokenizer: { vocabulary } }) => vocabulary),
    job?.abortSignal,
  );
  const names = specialNames(named.map(({ tokenizer }) => tokenizer));
  const each: VocabularyQuality[] = [];
  const parts = equalStages(job, named.length);
  for (const [place, { name, tokenizer }] of named.entries()) {
    const { vocabulary, family } = tokenizer;
    const classified = classifyTokens(vocabulary);
    const words = [];
    for (const list of lists) words.push(await measureWords(list, tokenizer, job));
    each.push({
      name,
      family,
      fingerprint: fingerprint(vocabulary),
      size: vocabulary.size,
      kinds: kindsOf(tokenizer),
      classes: classified.counts,
      scripts: classified.scripts,
      ...(lists.length > 1 && { languages: languageShares(vocabulary, classified, lists) }),
      overlap: overlaps[place],
      lengths: tokenLengths(vocabulary),
      reachability: await testReachability(tokenizer, name, parts[place]),
      digits: await digitScheme(tokenizer),
      whiteSpace: await whiteSpaceHandling(tokenizer),
      specialNames: await splitSpecialNames(tokenizer, names),
      words,
    });
  }
  return { core, each };
}

function kindsOf({ vocabulary }: Tokenizer): Record<TokenKind, number> {
  const kinds: Record<TokenKind, number> = { text: 0, byte: 0, special: 0, unused: 0 };
  for (let id = 0; id < vocabulary.size; id++) kinds[vocabulary.kindOf(id)]++;
  return kinds;
}

/** Of parallel texts, a language is a file: pairs may share one. */
function fairnessOf(
  texts: readonly TextQuality[],
  own: readonly ParallelQuality[],
  parallel: readonly ParallelPaths[],
  pairs: readonly { readonly lines: number }[],
): Fairness {
  const perLine = new Map<string, number>();
  for (const [place, { source, target }] of own.entries()) {
    const { lines } = pairs[place];
    perLine.set(parallel[place].source, source / lines);
    perLine.set(parallel[place].target, target / lines);
  }
  return {
    texts: texts.length < 2 ? null : gini(texts.map(({ bytesPerToken }) => 1 / bytesPerToken)),
    parallel: perLine.size < 2 ? null : gini([...perLine.values()]),
  };
}
