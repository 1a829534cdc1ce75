import type { TokenId, Vocabulary } from "@revocab/core";
import type { TypedTerm } from "./typed-terms.ts";

/** How a token's text finds its term: written the same, or but for upper and lower case. */
export type TermCase = "exact" | "any";

export interface TypeIndex {
  /** Places of the terms that equal a text; several only if case does not count. */
  termsOf(text: string): readonly number[];
  /** Places of the terms that share a type with one of these: those that share most types first, then as listed. */
  relativesOf(places: readonly number[]): readonly number[];
}

/** Finds terms by their text and by their types. */
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

/** Whether a term is known that the source has as one token, or any that it can spell. */
export const KNOWN_TERMS = ["token", "spelling"] as const;
export type KnownTerms = (typeof KNOWN_TERMS)[number];

/** Whether a term is written after a space, as words within a text are, or not. */
export type TermForm = "spaced" | "bare";

/**
 * The source tokens whose mean is a term's row: its one token in the given form, or with `spelling` its pieces. For the
 * form without a space a token with a space serves too, but not the other way round: "ant" without a space is also a piece of
 * "want". Undefined for a term that is not known.
 */
export function knownTerms(
  terms: readonly TypedTerm[],
  source: Vocabulary,
  known: KnownTerms,
): (place: number, form: TermForm) => readonly TokenId[] | undefined {
  const rows = {
    spaced: new Map<number, readonly TokenId[] | undefined>(),
    bare: new Map<number, readonly TokenId[] | undefined>(),
  };
  const tokenOf = (term: string, form: TermForm): readonly TokenId[] | undefined => {
    const [id] = source.idsOf(bytesOf(term, form));
    return id !== undefined && source.kindOf(id) === "text" ? [id] : undefined;
  };
  const rowOf = (term: string, form: TermForm): readonly TokenId[] | undefined => {
    const token = tokenOf(term, form) ?? (known === "token" ? tokenOf(term, "spaced") : undefined);
    if (token !== undefined || known === "token") return token;
    const spelling = source.spell(bytesOf(term, form));
    return spelling === undefined || spelling.length === 0 ? undefined : [...spelling];
  };
  return (place, form) => {
    const cache = rows[form];
    if (!cache.has(place)) cache.set(place, rowOf(terms[place].term, form));
    return cache.get(place);
  };
}

/** The text that a token stands for and its form; undefined for bytes that are no whole characters. */
export function formOf(bytes: Uint8Array): { readonly text: string; readonly form: TermForm } | undefined {
  try {
    const text = decoder.decode(bytes);
    return text.startsWith(" ") ? { text: text.slice(1), form: "spaced" } : { text, form: "bare" };
  } catch {
    return undefined;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function bytesOf(term: string, form: TermForm): Uint8Array {
  return new TextEncoder().encode(form === "spaced" ? ` ${term}` : term);
}
