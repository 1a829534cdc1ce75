import type { Notation } from "../notation.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { parseJson } from "./json-file.ts";

/** A tokenizer.json that was checked before, as plain JSON: a conversion changes some of it and keeps the rest. */
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

/** The post-processor of the tokenizer whose specials these are, with the ids they have here. */
export function renumberPostProcessor(
  specialsOf: Tokenizer | undefined,
  idOf: ReadonlyMap<string, number>,
): TokenizerDocument["post_processor"] {
  const bytes = specialsOf?.files.get("tokenizer.json");
  if (bytes === undefined) return undefined;
  const { post_processor } = parseJson(bytes, "tokenizer.json") as TokenizerDocument;
  return renumbered(post_processor) as TokenizerDocument["post_processor"];

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
export function addedTokensOf({ files, origin }: Tokenizer): AddedToken[] {
  const { added_tokens: added } = parseJson(files.get("tokenizer.json")!, origin) as TokenizerDocument;
  return (added ?? []).map(({ content, special, single_word, lstrip, rstrip, normalized }) => ({
    content,
    special: special === true,
    singleWord: single_word === true,
    lstrip: lstrip === true,
    rstrip: rstrip === true,
    normalized: normalized === true,
  }));
}

/** A tokenizer to convert: as it is known, as its file has it, and how that writes bytes. */
export interface ConversionSubject {
  readonly tokenizer: Tokenizer;
  readonly document: TokenizerDocument;
  readonly notation: Notation;
}

/** A Unigram lists its pieces, ids being places in the list; the others map them to ids. */
export function isPieceList(
  vocab: ModelDocument["vocab"],
): vocab is readonly (readonly [piece: string, score: number])[] {
  return Array.isArray(vocab);
}
