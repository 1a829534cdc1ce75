export interface ReferenceMergesOptions {
  /** Every token, in GPT-2's alphabet. */
  readonly forms: readonly string[];
  /** Those that must be reachable by merging bytes. */
  readonly toCheck: readonly string[];
  /** The tokenizer's own merges. */
  readonly pairs: readonly (readonly [string, string])[];
  /** Tokens whose merges come after the tokenizer's own, instead of before them. */
  readonly isLate: (token: string) => boolean;
}

/**
 * Merges by which every token comes about from bytes, as the reference makes them: what the tokenizer's own merges leave
 * in one piece of several characters is joined pairwise.
 */
export function referenceMerges({ forms, toCheck, pairs, isLate }: ReferenceMergesOptions): {
  readonly merges: readonly string[];
  /** Tokens that the merges need and the tokenizer has not, sorted. */
  readonly pieces: readonly string[];
} {
  const partsOf = new Map<string, string[]>();
  for (const [a, b] of pairs) {
    const parts = partsOf.get(a + b) ?? [];
    parts.push(a, b);
    partsOf.set(a + b, parts);
  }
  const known = new Set(forms);
  const seen = new Set<string>();
  const unmerged: string[] = [];
  const visit = (token: string): void => {
    if (seen.has(token)) return;
    seen.add(token);
    const parts = partsOf.get(token);
    if (parts !== undefined) for (const part of parts) visit(part);
    else if (token.length > 1) unmerged.push(token);
  };
  for (const token of toCheck) visit(token);

  const before = new Set<string>();
  const after = new Set<string>();
  const pieces = new Set<string>();
  // In the reference the order is that of a Python set, another in each run; sorted, characters of three bytes come before
  // those of four, whose last two bytes would otherwise join across a character's middle.
  for (const token of unmerged.sort()) {
    for (const [a, b] of joinPairwise(token)) {
      if (!known.has(a + b)) pieces.add(a + b);
      const merge = `${a} ${b}`;
      if (!before.has(merge) && !after.has(merge)) (isLate(token) ? after : before).add(merge);
    }
  }
  return {
    merges: [...before, ...pairs.map((pair) => pair.join(" ")), ...after],
    pieces: [...pieces].sort(),
  };
}

/** Joins neighbors, pass by pass, until one piece is left: abcd → ab cd → abcd. */
function joinPairwise(token: string): (readonly [string, string])[] {
  const merges: (readonly [string, string])[] = [];
  let pieces = [...token];
  while (pieces.length > 1) {
    const before = pieces;
    for (let i = 0; i + 1 < before.length; i++) {
      const [a, b] = [before[i], before[i + 1]];
      const joined: string[] = [];
      for (let at = 0; at < pieces.length; at++) {
        if (pieces[at] === a && pieces[at + 1] === b) {
          joined.push(a + b);
          at++;
        } else joined.push(pieces[at]);
      }
      if (joined.length < pieces.length) merges.push([a, b]);
      pieces = joined;
    }
  }
  return merges;
}
