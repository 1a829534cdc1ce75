import { type InitContext, type TokenId, throwIfAborted } from "@revocab/core";
import { spreadCount } from "./spread-count.ts";
import type { CountedPair } from "./word-pairs.ts";
import type { WordWriter } from "./word-writer.ts";

/** How often each source token stands for a target token; fractions, since words of several tokens share their counts. */
export type TokenCounts = Map<TokenId, Map<TokenId, number>>;

export interface CountedTokens {
  readonly counts: TokenCounts;
  /** Pairs of which the source's or the target's tokenizer cannot write the word. */
  readonly unwritten: { readonly source: number; readonly target: number };
}

/** Spreads the counts of word pairs over the tokens that write the words. */
export async function countTokens(
  pairs: readonly CountedPair[],
  writers: { readonly source: WordWriter; readonly target: WordWriter },
  { abortSignal }: Pick<InitContext, "abortSignal">,
): Promise<CountedTokens> {
  const counts: TokenCounts = new Map();
  const unwritten = { source: 0, target: 0 };
  for (const { source, target, count } of pairs) {
    throwIfAborted(abortSignal);
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

export function addCount(counts: TokenCounts, target: TokenId, source: TokenId, count: number): void {
  const row = counts.get(target) ?? new Map<TokenId, number>();
  counts.set(target, row);
  row.set(source, (row.get(source) ?? 0) + count);
}
