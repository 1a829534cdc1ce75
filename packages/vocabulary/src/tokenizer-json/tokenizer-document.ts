import { type Notation, readNotation } from "../notation.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { parseJson } from "./json-file.ts";
import { parseTokenizerJson } from "./parse-tokenizer-json.ts";
import { splitDocument } from "./split-document.ts";
import type { TokenizerJson } from "./tokenizer-json.ts";

/** A tokenizer taken apart, so that a part can be replaced and the rest kept. */
export interface TokenizerParts {
  readonly tokenizer: Tokenizer;
  readonly json: TokenizerJson;
  readonly document: TokenizerDocument;
  readonly notation: Notation;
}

export function takeApart(tokenizer: Tokenizer): TokenizerParts {
  const json = parseTokenizerJson(tokenizer.files.get("tokenizer.json")!, tokenizer.origin);
  return { tokenizer, json, document: documentOf(tokenizer), notation: readNotation(json).notation };
}

/** The tokenizer.json of a tokenizer as plain JSON; it was checked when the tokenizer was loaded. */
export function documentOf({ files, origin }: Pick<Tokenizer, "files" | "origin">): TokenizerDocument {
  return parseJson(files.get("tokenizer.json")!, origin) as TokenizerDocument;
}

export interface TokenizerDocument {
  readonly [field: string]: unknown;
  readonly added_tokens?: readonly AddedTokenDocument[] | null;
  readonly normalizer?: ComponentDocument | null;
  readonly pre_tokenizer?: ComponentDocument | null;
  readonly post_processor?: ComponentDocument | null;
  readonly model: ModelDocument;
}

export interface ModelDocument {
  readonly [field: string]: unknown;
  readonly vocab: Readonly<Record<string, number>> | readonly (readonly [piece: string, score: number])[];
  readonly merges?: readonly (string | readonly [string, string])[];
}

export interface AddedTokenDocument {
  readonly id: number;
  readonly content: string;
  readonly [field: string]: unknown;
}

export interface ComponentDocument {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Merges as pairs, however the file writes them. */
export function mergesOf({ merges = [] }: ModelDocument): (readonly [string, string])[] {
  return merges
    .filter((merge) => typeof merge !== "string" || !merge.startsWith("#version"))
    .map((merge) => (typeof merge === "string" ? (merge.split(" ") as [string, string]) : merge));
}

/** A post-processor with other ids for its tokens; a token that `idOf` lacks keeps the id that the file gives it. */
export function renumberPostProcessor(
  postProcessor: TokenizerDocument["post_processor"],
  idOf: ReadonlyMap<string, number>,
): TokenizerDocument["post_processor"] {
  return renumbered(postProcessor) as TokenizerDocument["post_processor"];

  function renumbered(value: unknown): unknown {
    if (Array.isArray(value)) {
      // `["</s>", 2]`, as RobertaProcessing writes a token
      const [token, id] = value;
      if (value.length === 2 && typeof token === "string" && typeof id === "number") {
        return [token, idOf.get(token) ?? id];
      }
      return value.map(renumbered);
    }
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([key, inner]) => [key, renumbered(inner)]);
    const copy = Object.fromEntries(entries) as { ids?: unknown; tokens?: unknown };
    if (Array.isArray(copy.ids) && Array.isArray(copy.tokens)) {
      copy.ids = copy.tokens.map((token, i) => idOf.get(String(token)) ?? (copy.ids as unknown[])[i]);
    }
    return copy;
  }
}

/** A token that is found in a text before the model runs, with how it is found, as {@link NewAddedToken} takes it. */
export interface AddedToken {
  readonly content: string;
  readonly special: boolean;
  readonly singleWord: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
}

/** The added tokens of a tokenizer, in the order of its file. */
export function addedTokensOf(tokenizer: Tokenizer): AddedToken[] {
  // vocabulary and merges, nearly all of the file, are skipped
  const { document } = splitDocument(tokenizer.files.get("tokenizer.json")!, tokenizer.origin);
  const { added_tokens: added } = document as TokenizerDocument;
  return (added ?? []).map(({ content, special, single_word, lstrip, rstrip, normalized }) => ({
    content,
    special: special === true,
    singleWord: single_word === true,
    lstrip: lstrip === true,
    rstrip: rstrip === true,
    normalized: normalized === true,
  }));
}

/** A Unigram lists its pieces, ids being places in the list; the others map them to ids. */
export function isPieceList(
  vocab: ModelDocument["vocab"],
): vocab is readonly (readonly [piece: string, score: number])[] {
  return Array.isArray(vocab);
}
