import type { InitContext, MixtureMethod, TokenId } from "@revocab/core";
import { z } from "zod";
import { evidenceName, noteEvidence } from "./context.ts";
import {
  formOf,
  KNOWN_TERMS,
  type KnownTerms,
  knownTerms,
  type TermCase,
  typeIndex,
} from "./domain-types/term-index.ts";
import { readTypedTerms, type TypedTerm } from "./domain-types/typed-terms.ts";
import {
  checkOption,
  checkWord,
  filePath,
  type MethodEntry,
  methodEntry,
  numberOption,
} from "./method-entry.ts";
import { mixtureOfTokens } from "./similarity-mixtures.ts";

export interface DomainTypesOptions {
  /** Terms with their types, or a file of them (.json, else `term TAB type,type` on each line). */
  readonly types: string | readonly TypedTerm[];
  /** What the mean of many known terms weighs in a row, 0 … 1; its spelling weighs the rest. @default 0.75 */
  readonly weight?: number;
  /** A term is known that is one source token, or any that the source can spell. @default "token" */
  readonly known?: KnownTerms;
  /** Whether upper and lower case count where a token is looked up among the terms. @default "exact" */
  readonly case?: TermCase;
  /** Known terms in a row at most, those that share most types with the token first. @default 256 */
  readonly terms?: number;
}

/**
 * Each new token becomes a mean of its own spelling and of the known terms of its semantic types; a token that is no term, or
 * whose types have no known term, is its spelling alone.
 *
 *     row(t) = (1 − w_n) · mean of t's pieces + w_n · mean over n known terms u ≠ t of t's types of row(u)
 *     w_n    = w · n / (n + 1 − w)
 *
 * w_n is the best weight of two estimates with independent errors, one of them the mean of n terms around the type's own
 * mean, where w is best for n → ∞: a single known term weighs less (0.6 for w = 0.75) than many.
 *
 * Departures: the paper makes tokens of its own for each type and chooses among them by sentence, which no plain tokenizer
 * can; it publishes no code.
 * @see https://arxiv.org/abs/2406.14312
 * @throws RevocabError bad_options; when it prepares, missing_file and bad_text of the term file
 */
export function domainTypes({
  types,
  weight = 0.75,
  known = "token",
  case: termCase = "exact",
  terms: mostTerms = 256,
}: DomainTypesOptions): MixtureMethod {
  checkOption("weight", weight, weight >= 0 && weight <= 1, "a number from 0 to 1");
  checkOption("terms", mostTerms, Number.isInteger(mostTerms) && mostTerms >= 1, "a whole number from 1");
  checkWord("known", known, KNOWN_TERMS);
  checkWord("case", termCase, ["exact", "any"]);
  return {
    kind: "mixture",
    name: "domain-types",
    paper: "https://arxiv.org/abs/2406.14312",
    weights: "convex",
    differsByRole: false,
    options: { types: evidenceName(types), weight, known, case: termCase, terms: mostTerms },
    async prepare(context) {
      const { source, target, alignment, job } = context;
      const terms = typeof types === "string" ? await readTypedTerms(types, job?.abortSignal) : types;
      await noteEvidence(context, "domain-types", { types });
      const index = typeIndex(terms, termCase);
      const rowOfTerm = knownTerms(terms, source.vocabulary, known);
      noteTerms(context, terms, index.termsOf, relativesOf);

      return {
        mixture: (tokens) =>
          mixtureOfTokens(tokens, new Map(Array.from(tokens, (id) => [id, rowOf(id)] as const))),
      };

      function rowOf(id: TokenId): WeightedRow {
        if (target.vocabulary.kindOf(id) === "special") return NO_ROW;
        if (alignment.sourceOf[id] >= 0) return { sources: [alignment.sourceOf[id]], weights: [1] };
        const pieces = alignment.pieces.subarray(alignment.pieceOffsets[id], alignment.pieceOffsets[id + 1]);
        const relatives = relativesOf(id);
        if (pieces.length === 0 && relatives.length === 0) return NO_ROW;
        const share = pieces.length === 0 ? 1 : shareOfTypes(weight, relatives.length);
        const row: { sources: number[]; weights: number[] } = { sources: [], weights: [] };
        addMean(row, pieces, 1 - share);
        for (const relative of relatives) addMean(row, relative, share / relatives.length);
        return row;
      }

      /** The known terms of a token's types, each as its source tokens. */
      function relativesOf(id: TokenId): readonly (readonly TokenId[])[] {
        const found = target.vocabulary.kindOf(id) === "text" && formOf(target.vocabulary.bytesOf(id));
        const own = found ? index.termsOf(found.text) : [];
        if (!found || own.length === 0) return [];
        const rows: (readonly TokenId[])[] = [];
        for (const place of index.relativesOf(own)) {
          const row = own.includes(place) ? undefined : rowOfTerm(place, found.form);
          if (row !== undefined) rows.push(row);
          if (rows.length === mostTerms) break;
        }
        return rows;
      }
    },
  };
}

/** w_n; 0 without a known term, where the formula is not defined for w = 1. */
function shareOfTypes(weight: number, count: number): number {
  return count === 0 ? 0 : (weight * count) / (count + 1 - weight);
}

interface WeightedRow {
  readonly sources: readonly number[];
  readonly weights: readonly number[];
}

const NO_ROW: WeightedRow = { sources: [], weights: [] };

function addMean(
  row: { sources: number[]; weights: number[] },
  tokens: ArrayLike<TokenId>,
  weight: number,
): void {
  for (let i = 0; i < tokens.length; i++) {
    row.sources.push(tokens[i]);
    row.weights.push(weight / tokens.length);
  }
}

/** Notes how many tokens the terms cover: few, if the term file is for another tokenizer or language. */
function noteTerms(
  { target, alignment, job }: InitContext,
  terms: readonly TypedTerm[],
  termsOf: (text: string) => readonly number[],
  relativesOf: (id: TokenId) => readonly unknown[],
): void {
  const { vocabulary } = target;
  let [tokens, typed, helped] = [0, 0, 0];
  for (let id = 0; id < vocabulary.size; id++) {
    if (vocabulary.kindOf(id) !== "text" || alignment.sourceOf[id] >= 0) continue;
    tokens++;
    const found = formOf(vocabulary.bytesOf(id));
    if (!found || termsOf(found.text).length === 0) continue;
    typed++;
    if (relativesOf(id).length > 0) helped++;
  }
  job?.onProgress?.({
    type: "note",
    step: "domain-types",
    message: `of ${tokens} new tokens, ${typed} are among the ${terms.length} terms, and ${helped} have a known term of their types; the others are their spelling`,
  });
}

export const domainTypesEntry: MethodEntry = methodEntry("domain-types", {
  summary:
    "Each new token becomes a mean of its spelling and of the known terms of its semantic types; others are their spelling.",
  paper: "https://arxiv.org/abs/2406.14312",
  evidence: "terms with semantic types",
  options: z.object({
    types: filePath.describe("terms with their types: lines of term TAB type,type, or .json"),
    weight: numberOption(z.number())
      .default(0.75)
      .describe("what the mean of many known terms weighs in a row; its spelling weighs the rest"),
    known: z
      .enum(["token", "spelling"])
      .default("token")
      .describe("a term is known that is one source token, or any that the source can spell"),
    case: z
      .enum(["exact", "any"])
      .default("exact")
      .describe("whether upper and lower case count where a token is looked up among the terms"),
    terms: numberOption(z.number())
      .default(256)
      .describe("known terms in a row at most, those that share most types first"),
  }),
  create: domainTypes,
});
