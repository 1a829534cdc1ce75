import { type InitContext, RevocabError } from "@revocab/core";
import type { CountedTokens } from "./token-counts.ts";
import type { CountedPair } from "./word-pairs.ts";

export interface CountSummary extends CountedTokens {
  /** Of linked words, and those of them that are linked often enough. */
  readonly all: readonly CountedPair[];
  readonly pairs: readonly CountedPair[];
  readonly minCount: number;
}

/**
 * Notes what was counted.
 * @throws RevocabError no_evidence when nothing was
 */
export function noteCounts(
  { target, alignment, onProgress }: InitContext,
  name: string,
  { all, pairs, minCount, counts, unwritten }: CountSummary,
): void {
  if (counts.size === 0) throw noEvidence({ all, pairs, minCount, counts, unwritten });
  const linksOf = (some: readonly CountedPair[]) => some.reduce((sum, { count }) => sum + count, 0);
  const note = (message: string) => onProgress?.({ type: "note", step: name, message });
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
