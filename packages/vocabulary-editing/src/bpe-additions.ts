import { quote, RevocabError, type TokenId } from "@revocab/core";
import { mergeSymbols, type TokenizerParts } from "@revocab/vocabulary/internal";
import { growingMerges } from "./growing-merges.ts";
import { type ModelAdditions, type NewPiece, pieceForm, type Refusal } from "./new-entries.ts";

/**
 * New merges, by which each piece is built from the tokens that spell it now: ` Schmetterling` = `ĠSch m etter ling` gets
 * three merges. The result of every merge must be a token, so two more tokens are added as steps. The new merges rank
 * after all old ones, so a text is merged as before until no old merge applies. The shortest piece is built first, so that
 * longer ones can use it.
 *
 * No new merge may produce a token that the tokenizer has already: texts would then get that token where they had others.
 */
export function bpeAdditions(
  { tokenizer, json, notation }: TokenizerParts,
  pieces: readonly NewPiece[],
): ModelAdditions & { readonly refused: readonly Refusal[] } {
  const { model } = json;
  if (model.type !== "BPE") throw new TypeError("only a BPE has merges");
  if (model.endSuffix !== "" || model.continuingPrefix !== "") {
    throw new RevocabError(
      "unsupported_tokenizer",
      `${tokenizer.origin} marks the edges of words (${quote(model.continuingPrefix || model.endSuffix)}), expected a BPE without`,
      { hint: "give the words as added tokens instead" },
    );
  }
  const { vocabulary } = tokenizer;
  const table = growingMerges(model.merges);
  const formOf = new Map<TokenId, string>();
  const idOf = new Map<string, TokenId>();
  const addEntry = (form: string): TokenId => {
    const id = idOf.get(form) ?? vocabulary.size + idOf.size;
    idOf.set(form, id);
    formOf.set(id, form);
    return id;
  };
  const written = (id: TokenId) => formOf.get(id) ?? vocabulary.tokenOf(id);
  const isOld = (form: string) => json.pieces.idOf(form) !== undefined;
  const newCharacters = new Map<string, TokenId>();
  const merges: (readonly [string, string])[] = [];
  const refused: Refusal[] = [];
  const requested = new Map<string, string>();

  const symbolsOf = (text: string): TokenId[] | undefined => {
    const symbols: TokenId[] = [];
    for (const part of splitAt(text, newCharacters)) {
      const character = newCharacters.get(part);
      const ids = character === undefined ? vocabulary.spell(Buffer.from(part)) : [character];
      if (ids === undefined || ids.some((id) => id < vocabulary.size && vocabulary.kindOf(id) !== "text"))
        return undefined;
      symbols.push(...ids);
    }
    return symbols;
  };

  const build = (text: string): string | undefined => {
    const form = pieceForm(text, notation);
    const spelled = symbolsOf(text);
    if (spelled === undefined) {
      if ([...text].length > 1)
        return "the tokenizer has no piece for some of its characters; make each such character a piece, too";
      newCharacters.set(text, addEntry(form));
      return undefined;
    }
    const parts = mergeSymbols(spelled, table);
    if (parts.length === 1) return isOld(form) ? "the tokenizer has it already" : undefined;
    if (parts.length > MAX_PARTS)
      return `the tokenizer spells it in ${parts.length} pieces, expected at most ${MAX_PARTS}`;
    const joins = cheapestJoins(Array.from(parts, written), (joined) =>
      isOld(joined) ? Number.POSITIVE_INFINITY : idOf.has(joined) ? 0 : 1,
    );
    if (joins === undefined)
      return "every way to build it goes through a token that the tokenizer has already";
    const before = table.count;
    const known = new Map(Array.from(parts, (id) => [written(id), id]));
    const idOfPart = (part: string) => idOf.get(part) ?? known.get(part)!;
    for (const [left, right] of joins) {
      if (table.rankOf(idOfPart(left), idOfPart(right)) >= 0) continue;
      table.append(idOfPart(left), idOfPart(right), addEntry(left + right));
      merges.push([left, right]);
    }
    const [merged, ...rest] = mergeSymbols(spelled, table);
    if (rest.length === 0 && written(merged) === form) return undefined;
    merges.length -= table.count - before;
    table.rewind(before);
    return "merges of other tokens come between those that would build it";
  };

  for (const { text } of [...pieces].sort((a, b) => a.text.length - b.text.length)) {
    const reason = build(text);
    if (reason === undefined) requested.set(pieceForm(text, notation), text);
    else refused.push({ text, reason });
  }
  const reached = new Set(merges.map((pair) => pair.join("")));
  const steps = [...reached].filter((form) => !requested.has(form));
  return {
    entries: [
      ...pieces
        .map(({ text }) => ({ piece: pieceForm(text, notation), text }))
        .filter(({ piece }) => requested.has(piece)),
      ...steps.map((piece) => ({ piece })),
    ],
    merges,
    refused,
  };
}

/** The search for the cheapest joins takes cubic time; no word of a natural language has so many parts. */
const MAX_PARTS = 64;

/** A text cut before and after each character of a set. */
function splitAt(text: string, characters: ReadonlyMap<string, unknown>): string[] {
  if (characters.size === 0) return [text];
  const parts: string[] = [];
  let run = "";
  for (const character of text) {
    if (!characters.has(character)) {
      run += character;
      continue;
    }
    if (run !== "") parts.push(run);
    parts.push(character);
    run = "";
  }
  if (run !== "") parts.push(run);
  return parts;
}

/**
 * The joins of two neighbours each that turn `parts` into one string, at the lowest sum of `costOf` over the joined strings.
 * Ties go to joining from the left: `a b c d` → `a+b`, `ab+c`, `abc+d`. Each join comes after those that produce its parts.
 * @param costOf infinite for a string that must not arise
 * @returns undefined if every way produces such a string
 */
export function cheapestJoins(
  parts: readonly string[],
  costOf: (joined: string) => number,
): readonly (readonly [left: string, right: string])[] | undefined {
  const count = parts.length;
  const stringOf = (start: number, end: number) => parts.slice(start, end).join("");
  const costs = new Float64Array(count * (count + 1));
  const splits = new Uint32Array(count * (count + 1));
  const at = (start: number, end: number) => start * (count + 1) + end;
  for (let length = 2; length <= count; length++) {
    for (let start = 0; start + length <= count; start++) {
      const end = start + length;
      let least = Number.POSITIVE_INFINITY;
      for (let split = end - 1; split > start; split--) {
        const cost = costs[at(start, split)] + costs[at(split, end)];
        if (cost >= least) continue;
        least = cost;
        splits[at(start, end)] = split;
      }
      costs[at(start, end)] = least + costOf(stringOf(start, end));
    }
  }
  if (costs[at(0, count)] === Number.POSITIVE_INFINITY) return undefined;
  const joins: (readonly [string, string])[] = [];
  const collect = (start: number, end: number): void => {
    if (end - start < 2) return;
    const split = splits[at(start, end)];
    collect(start, split);
    collect(split, end);
    joins.push([stringOf(start, split), stringOf(split, end)]);
  };
  collect(0, count);
  return joins;
}
