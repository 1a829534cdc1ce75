import { type InitContext, RevocabError, type Role, type TokenId, throwIfAborted } from "@revocab/core";
import type { TokenWeights } from "../similarity-mixtures.ts";
import type { CountedPair, WordWriter } from "./words.ts";

/** How often each source token stands for a target token; fractions, since words of several tokens share their counts. */
export type TokenCounts = Map<TokenId, Map<TokenId, number>>;

export interface CountedTokens {
  readonly counts: TokenCounts;
  /** Pairs left out because the tokenizer of that side cannot write the word. */
  readonly unwritten: { readonly source: number; readonly target: number };
}

/** Spreads the counts of word pairs over the tokens that write the words. */
export async function countTokens(
  pairs: readonly CountedPair[],
  writers: { readonly source: WordWriter; readonly target: WordWriter },
  { job }: Pick<InitContext, "job">,
): Promise<CountedTokens> {
  const counts: TokenCounts = new Map();
  const unwritten = { source: 0, target: 0 };
  for (const { source, target, count } of pairs) {
    throwIfAborted(job?.abortSignal);
    const sources = await writers.source.write(source);
    const targets = await writers.target.write(target);
    if (sources.length === 0) unwritten.source++;
    if (targets.length === 0) unwritten.target++;
    const shares = spreadCount(sources.length, targets.length);
    for (const [j, token] of targets.entries()) {
      for (const [i, one] of sources.entries()) {
        const share = shares[j * sources.length + i];
        if (share > 0) addCount(counts, token, one, count * share);
      }
    }
  }
  return { counts, unwritten };
}

function addCount(counts: TokenCounts, target: TokenId, source: TokenId, count: number): void {
  const row = counts.get(target) ?? new Map<TokenId, number>();
  counts.set(target, row);
  row.set(source, (row.get(source) ?? 0) + count);
}

/**
 * How much of each target piece of a word comes from each source piece of its translation, [m × n]; every row sums to 1.
 *
 * Half of it comes from all pieces alike, and half from pieces at the same place, as if both words were equally long: target piece
 * j covers the stretch from j/m to (j + 1)/m, and its share of source piece i is their overlap.
 *
 * Example, 3 source and 2 target pieces: ½·(⅓ ⅓ ⅓) + ½·(⅔ ⅓ 0) for the first, ½·(⅓ ⅓ ⅓) + ½·(0 ⅓ ⅔) for the second.
 */
export function spreadCount(sources: number, targets: number): Float64Array {
  const shares = new Float64Array(sources * targets);
  for (let j = 0; j < targets; j++) {
    for (let i = 0; i < sources; i++) {
      // stretches in units of 1 / (n · m), so that they are whole numbers
      const overlap = Math.min((i + 1) * targets, (j + 1) * sources) - Math.max(i * targets, j * sources);
      shares[j * sources + i] = 0.5 / sources + (0.5 * Math.max(overlap, 0)) / sources;
    }
  }
  return shares;
}

/** Adds counts that need no text: 1 for a token that both vocabularies have, and 1 for a number and its spelling. */
export function favorKnown(
  counts: TokenCounts,
  { alignment, target: { vocabulary } }: Pick<InitContext, "alignment" | "target">,
): void {
  const { sourceOf, pieceOffsets, pieces } = alignment;
  for (let token = 0; token < vocabulary.size; token++) {
    const kind = vocabulary.kindOf(token);
    if (kind !== "text" && kind !== "byte") continue;
    if (sourceOf[token] >= 0) addCount(counts, token, sourceOf[token], 1);
    else if (isNumber(vocabulary.bytesOf(token))) {
      const spelling = pieces.subarray(pieceOffsets[token], pieceOffsets[token + 1]);
      for (const piece of spelling) addCount(counts, token, piece as TokenId, 1 / spelling.length);
    }
  }
}

/** ASCII digits, with or without a space before them. */
function isNumber(bytes: Uint8Array): boolean {
  const digits = bytes[0] === SPACE ? bytes.subarray(1) : bytes;
  return digits.length > 0 && digits.every((byte) => byte >= ZERO && byte <= NINE);
}

const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;

/** Each token's counts over their sum, the largest first; a special gets the row of its source counterpart. */
export function weightsOfCounts(counts: TokenCounts, context: InitContext, role: Role): TokenWeights {
  const weights = new Map<TokenId, { readonly sources: number[]; readonly weights: number[] }>();
  for (const [token, source] of specialSources(context, role)) {
    weights.set(token, { sources: [source], weights: [1] });
  }
  for (const [token, row] of counts) {
    const sorted = [...row].sort(([a, x], [b, y]) => y - x || a - b);
    const total = sorted.reduce((sum, [, count]) => sum + count, 0);
    weights.set(token, {
      sources: sorted.map(([source]) => source),
      weights: sorted.map(([, count]) => count / total),
    });
  }
  return weights;
}

function specialSources({ alignment, target }: InitContext, role: Role): [TokenId, TokenId][] {
  const found: [TokenId, TokenId][] = [];
  for (let token = 0; token < target.vocabulary.size; token++) {
    if (target.vocabulary.kindOf(token) !== "special") continue;
    const ofHead = role === "output" ? alignment.headSourceOf?.get(token) : undefined;
    const source = ofHead ?? alignment.sourceOf[token];
    if (source >= 0) found.push([token, source]);
  }
  return found;
}

export interface CountSummary extends CountedTokens {
  /** All pairs of linked words, and the pairs that are linked often enough. */
  readonly all: readonly CountedPair[];
  readonly pairs: readonly CountedPair[];
  readonly minCount: number;
}

/**
 * Notes what was counted.
 * @throws RevocabError no_evidence when nothing was
 */
export function noteCounts(
  { target, alignment, job }: InitContext,
  name: string,
  { all, pairs, minCount, counts, unwritten }: CountSummary,
): void {
  if (counts.size === 0) throw noEvidence({ all, pairs, minCount, counts, unwritten });
  const linksOf = (some: readonly CountedPair[]) => some.reduce((sum, { count }) => sum + count, 0);
  const note = (message: string) => job?.onProgress?.({ type: "note", step: name, message });
  note(
    `${pairs.length} of ${all.length} pairs of words are linked at least ${minCount} times; they have ${linksOf(pairs)} of ${linksOf(all)} links`,
  );
  const isNew = (token: number) => alignment.sourceOf[token] < 0;
  note(
    `${counts.size} of ${target.vocabulary.size} tokens write one of these words, ${[...counts.keys()].filter(isNew).length} of them new`,
  );
  for (const side of ["source", "target"] as const) {
    if (unwritten[side] === 0) continue;
    note(
      `pairs left out because the ${side} tokenizer reads the ${side} word as unknown: ${unwritten[side]}`,
    );
  }
}

function noEvidence({ all, pairs, minCount, unwritten }: CountSummary): RevocabError {
  if (pairs.length === 0) {
    const most = all.reduce((largest, { count }) => Math.max(largest, count), 0);
    return new RevocabError(
      "no_evidence",
      `no two words are linked at least ${minCount} times; of ${all.length} pairs the most frequent is linked ${most} times`,
      { hint: "give more parallel text, or a smaller minCount" },
    );
  }
  const side = unwritten.target === pairs.length ? "target" : "source";
  return new RevocabError(
    "no_evidence",
    `the ${side} tokenizer reads the ${side} words of ${unwritten[side]} of ${pairs.length} pairs as unknown, and no pair is left`,
    { hint: "give the source's text first, then that of the target's language: parallel=SOURCE:TARGET" },
  );
}
