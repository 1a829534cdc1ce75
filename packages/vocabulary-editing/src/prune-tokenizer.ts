import { type Job, RevocabError, type TokenId } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";
import {
  isPieceList,
  type ModelDocument,
  mergesOf,
  mergeUntil,
  renumberPostProcessor,
  type TokenizerDocument,
  type TokenizerParts,
} from "@revocab/vocabulary/internal";
import { type Corpus, corpusBatches } from "./corpus.ts";
import { editedTokenizer, followFiles, openForEditing } from "./edited-tokenizer.ts";

export interface PruneOptions {
  /** Texts whose tokens are kept, the most used first. */
  readonly keepFor?: Corpus;
  /** Tokens to keep, the most important first; they have precedence over those of `keepFor`. */
  readonly keep?: Iterable<TokenId>;
  /** The most tokens that may be left. @default no limit */
  readonly atMost?: number;
  /** Keep the ids, with holes between them; impossible for a Unigram. @default false: renumbered without gaps, in the same order */
  readonly keepIds?: boolean;
  readonly job?: Job;
}

export interface PrunedTokenizer {
  readonly tokenizer: Tokenizer;
  /** [old size] the new id of each old token, −1 for a removed one. */
  readonly newIdOf: Int32Array;
  readonly counts: {
    /** Tokens that remain. */
    readonly kept: number;
    /** Of these, the tokens that are always kept: specials, added tokens, and what is needed to encode any text. */
    readonly always: number;
    /** Of these, the tokens kept only because merges build others from them. */
    readonly steps: number;
  };
}

/**
 * Removes tokens from a tokenizer. Every kept token is still reached, and any text can still be encoded. Text that was
 * encoded with kept tokens only is encoded as before. (A word that a WordPiece could not encode may now get pieces.)
 * @throws RevocabError `bad_options`, `unsupported_tokenizer`, `aborted`
 */
export async function pruneTokenizer(
  tokenizer: Tokenizer,
  { keepFor, keep, atMost = Number.POSITIVE_INFINITY, keepIds = false, job }: PruneOptions,
): Promise<PrunedTokenizer> {
  const { vocabulary, origin } = tokenizer;
  if (keepFor === undefined && keep === undefined) {
    throw new RevocabError(
      "bad_options",
      "found neither keep nor keepFor, expected tokens or texts to keep",
      {
        hint: "give a text of the kind the model is for",
      },
    );
  }
  const named = [...(keep ?? [])];
  const unknown = named.filter((id) => !Number.isInteger(id) || vocabulary.tokenOf(id) === "");
  if (unknown.length > 0) {
    throw new RevocabError(
      "bad_options",
      `${origin} has no token with the ids ${unknown.slice(0, 10).join(", ")}${unknown.length > 10 ? ", …" : ""}; it has ${vocabulary.size} ids`,
      { hint: "give ids of this tokenizer" },
    );
  }
  const parts = openForEditing(tokenizer);
  if (keepIds && parts.json.model.type === "Unigram") {
    throw new RevocabError(
      "bad_options",
      `${origin} is a Unigram: its ids are places in a list, which has no holes`,
      {
        hint: "let the ids be renumbered",
      },
    );
  }
  const used = keepFor === undefined ? [] : await tokensByUse(tokenizer, keepFor, job?.abortSignal);
  if (keepFor !== undefined && used.length === 0) {
    throw new RevocabError("bad_options", "found no text to keep tokens for: it is empty", {
      hint: "give a text of the kind the model is for",
    });
  }
  const { ids, always, steps } = keptTokens(parts, [...named, ...used], atMost);
  const newIdOf = new Int32Array(vocabulary.size).fill(-1);
  ids.forEach((id, place) => {
    newIdOf[id] = keepIds ? id : place;
  });
  return {
    tokenizer: writePruned(parts, newIdOf),
    newIdOf,
    counts: { kept: ids.length, always, steps },
  };
}

/** The tokens that a corpus is encoded with, the most frequent first, ties by the lowest id. */
async function tokensByUse(
  tokenizer: Tokenizer,
  corpus: Corpus,
  abortSignal?: AbortSignal,
): Promise<TokenId[]> {
  const counts = new Float64Array(tokenizer.vocabulary.size);
  for await (const lines of corpusBatches(corpus, abortSignal)) {
    for (const ids of await Promise.all(lines.map((line) => tokenizer.encode(line)))) {
      for (const id of ids) counts[id]++;
    }
  }
  const used = Array.from(counts.keys()).filter((id) => counts[id] > 0);
  return used.sort((a, b) => counts[b] - counts[a] || a - b);
}

interface KeptTokens {
  /** Ascending. */
  readonly ids: Uint32Array;
  /** How many are always kept: specials, added tokens, and what is needed to encode any text. */
  readonly always: number;
  /** How many are kept only because merges build others from them. */
  readonly steps: number;
}

/**
 * The tokens to keep so that the wanted ones are still reached and any text can still be encoded:
 * - always specials, added tokens and byte tokens; all bytes of a byte-level BPE; the space, and all single characters of a
 *   tokenizer without byte tokens; the piece of a Unigram with the lowest score, which sets the cost of an unknown character;
 * - with a token of a BPE, each intermediate token of its merges.
 * @param wanted the most important first
 * @param atMost the most tokens to keep
 * @throws RevocabError `bad_options` if those that must be kept are more than `atMost`
 */
function keptTokens(parts: TokenizerParts, wanted: Iterable<TokenId>, atMost: number): KeptTokens {
  const { tokenizer } = parts;
  const kept = new Set(tokensOfAnyText(parts));
  const always = kept.size;
  if (always > atMost) {
    throw new RevocabError(
      "bad_options",
      `${tokenizer.origin} needs ${always} tokens to write any text, expected at most ${atMost}`,
      { hint: `keep ${always} tokens or more` },
    );
  }
  const stepsTo = stepsOf(parts);
  const requested = new Set<TokenId>();
  for (const id of wanted) {
    const steps = kept.has(id) ? [] : [...stepsTo(id), id].filter((step) => !kept.has(step));
    if (kept.size + new Set(steps).size > atMost) break;
    requested.add(id);
    for (const step of steps) kept.add(step);
  }
  const steps = [...kept].slice(always).filter((id) => !requested.has(id)).length;
  return { ids: Uint32Array.from(kept).sort(), always, steps };
}

function* tokensOfAnyText({ tokenizer, json, notation }: TokenizerParts): Generator<TokenId> {
  const { vocabulary } = tokenizer;
  const { model, pieces } = json;
  const added = new Set(json.added.map(({ id }) => id));
  let byteTokens = 0;
  for (let id = 0; id < vocabulary.size; id++) if (vocabulary.kindOf(id) === "byte") byteTokens++;
  const needsCharacters = byteTokens < 256;
  let lowest = 0;
  if (model.type === "Unigram") {
    for (let id = 1; id < model.scores.length; id++) if (model.scores[id] < model.scores[lowest]) lowest = id;
  }
  for (let id = 0; id < vocabulary.size; id++) {
    const kind = vocabulary.kindOf(id);
    const piece = pieces.at(id) ?? "";
    const isCharacter = kind === "text" && needsCharacters && isSingle(piece, notation.continuingPrefix);
    // Without its own token a marked space would be encoded in bytes and decoded as the mark.
    const isSpace = piece === notation.spaceMark;
    const isNeeded = model.type === "Unigram" && (id === lowest || id === model.unkId);
    if (kind === "special" || kind === "byte" || added.has(id) || isCharacter || isSpace || isNeeded)
      yield id;
  }
}

/** A piece of one character; in GPT-2's alphabet, of one byte. */
function isSingle(piece: string, continuingPrefix: string): boolean {
  const bare =
    piece.length > continuingPrefix.length && piece.startsWith(continuingPrefix)
      ? piece.slice(continuingPrefix.length)
      : piece;
  return [...bare].length === 1;
}

/** The intermediate tokens of the merges that build a token, its characters included; empty for other models than BPE. */
function stepsOf({ tokenizer, json, notation }: TokenizerParts): (id: TokenId) => Iterable<TokenId> {
  const { model, pieces } = json;
  if (model.type !== "BPE") return () => [];
  if (notation.endSuffix !== "" || model.continuingPrefix !== "") {
    throw new RevocabError(
      "unsupported_tokenizer",
      `${tokenizer.origin} is a BPE that marks the edges of words, expected one without`,
      { hint: "byte-level BPE, SentencePiece BPE, Unigram, WordPiece and WordLevel can be pruned" },
    );
  }
  return (id) => {
    const symbols = Array.from(pieces.at(id) ?? "", (character) => pieces.idOf(character) ?? -1);
    if (symbols.includes(-1)) return [];
    const steps = [...symbols];
    mergeUntil(symbols, model.merges, 1, (rank) => steps.push(model.merges.merged[rank]));
    return steps;
  };
}

/**
 * The tokenizer with new ids, in the order of the old ones, and without the merges of removed tokens.
 * @param newIdOf [old size] −1 for a removed token
 */
function writePruned({ tokenizer, json, document }: TokenizerParts, newIdOf: Int32Array): Tokenizer {
  const isKept = (id: TokenId | undefined) => id !== undefined && newIdOf[id] >= 0;
  const addedTokens = (document.added_tokens ?? [])
    .filter(({ id }) => isKept(id))
    .map((token) => ({ ...token, id: newIdOf[token.id] }));
  const idOf = new Map<string, number>();
  for (let id = 0; id < newIdOf.length; id++) {
    if (isKept(id)) idOf.set(tokenizer.vocabulary.tokenOf(id), newIdOf[id]);
  }
  const { padding } = document;
  const pruned: TokenizerDocument = {
    ...document,
    ...(isPadding(padding) && {
      padding: { ...padding, pad_id: idOf.get(padding.pad_token) ?? padding.pad_id },
    }),
    added_tokens: addedTokens,
    post_processor: renumberPostProcessor(document.post_processor, idOf) ?? null,
    model: pruneModel(),
  };
  const files = followFiles(tokenizer.files, [], (id) => (isKept(id) ? newIdOf[id] : undefined));
  return editedTokenizer(tokenizer, { files, document: pruned, origin: `${tokenizer.origin}, pruned` });

  function pruneModel(): ModelDocument {
    const { model } = document;
    const { vocab, unk_id: unkId } = model;
    if (isPieceList(vocab)) {
      return {
        ...model,
        vocab: vocab.filter((_, id) => isKept(id)),
        ...(typeof unkId === "number" && { unk_id: newIdOf[unkId] }),
      };
    }
    const entries = Object.entries(vocab).filter(([, id]) => isKept(id));
    const isPiece = (piece: string) => isKept(json.pieces.idOf(piece));
    return {
      ...model,
      vocab: Object.fromEntries(entries.map(([piece, id]) => [piece, newIdOf[id]])),
      ...(model.merges !== undefined && { merges: pruneMerges(isPiece) }),
    };
  }

  /** As strings or as pairs, whichever the file has. */
  function pruneMerges(isPiece: (piece: string) => boolean): NonNullable<ModelDocument["merges"]> {
    const { merges = [] } = document.model;
    const areStrings = typeof merges[0] === "string";
    return mergesOf(document.model)
      .filter(([left, right]) => isPiece(left) && isPiece(right) && isPiece(left + right))
      .map((pair) => (areStrings ? pair.join(" ") : pair));
  }
}

function isPadding(padding: unknown): padding is { readonly pad_id: number; readonly pad_token: string } {
  return typeof padding === "object" && padding !== null && "pad_id" in padding && "pad_token" in padding;
}
