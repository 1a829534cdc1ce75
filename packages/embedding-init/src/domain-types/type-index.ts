import type { TypedTerm } from "./typed-term.ts";

/** How a token's text finds its term: written the same, or but for upper and lower case. */
export type TermCase = "exact" | "any";

export interface TypeIndex {
  /** Places in the list of terms of the terms that a text is; several only where case does not count. */
  termsOf(text: string): readonly number[];
  /** Places of the terms that share a type with one of these: those that share most types first, then as listed. */
  relativesOf(places: readonly number[]): readonly number[];
}

/** Terms by their writing and by their types. */
export function typeIndex(terms: readonly TypedTerm[], termCase: TermCase): TypeIndex {
  const keyOf = (text: string) => (termCase === "any" ? text.toLowerCase() : text);
  const byText = new Map<string, number[]>();
  const byType = new Map<string, number[]>();
  for (const [place, { term, types }] of terms.entries()) {
    listIn(byText, keyOf(term)).push(place);
    for (const type of types) listIn(byType, type).push(place);
  }
  // an ontology has many terms of few combinations of types
  const relatives = new Map<string, readonly number[]>();

  return {
    termsOf: (text) => byText.get(keyOf(text)) ?? [],
    relativesOf(places) {
      const types = [...new Set(places.flatMap((place) => terms[place].types))].sort();
      const key = JSON.stringify(types);
      const known = relatives.get(key) ?? bySharedTypes(types.map((type) => byType.get(type) ?? []));
      relatives.set(key, known);
      return known;
    },
  };
}

function bySharedTypes(lists: readonly (readonly number[])[]): number[] {
  const shared = new Map<number, number>();
  for (const place of lists.flat()) shared.set(place, (shared.get(place) ?? 0) + 1);
  return Array.from(shared)
    .sort(([a, sharedA], [b, sharedB]) => sharedB - sharedA || a - b)
    .map(([place]) => place);
}

function listIn(lists: Map<string, number[]>, key: string): number[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}
