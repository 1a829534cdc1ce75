import { RevocabError, type TokenId } from "@revocab/core";
import { mergeUntil } from "../spell/merge-symbols.ts";
import type { EditSubject } from "./edit-subject.ts";

export interface KeptTokens {
  /** Ascending. */
  readonly ids: Uint32Array;
  /** How many are there whatever was asked: specials, added tokens, and what writes any text. */
  readonly always: number;
  /** How many are there only because merges build others from them. */
  readonly steps: number;
}

/**
 * The tokens to keep so that those asked for are still reached and any text is still written:
 * - always specials, added tokens and byte tokens; all bytes of a byte-level BPE; the space, and all single characters of a
 *   tokenizer without byte tokens; the piece of a Unigram with the lowest score, which says what an unknown character costs;
 * - with a token of a BPE, each that its merges go through.
 * @param wanted the most important first
 * @param atMost where to stop
 * @throws RevocabError `bad_options` where what must be kept is more than that
 */
export function keptTokens(subject: EditSubject, wanted: Iterable<TokenId>, atMost: number): KeptTokens {
  const { tokenizer } = subject;
  const kept = new Set(tokensOfAnyText(subject));
  const always = kept.size;
  if (always > atMost) {
    throw new RevocabError(
      "bad_options",
      `${tokenizer.origin} needs ${always} tokens to write any text, expected at most ${atMost}`,
      { hint: `keep ${always} tokens or more` },
    );
  }
  const stepsTo = stepsOf(subject);
  const asked = new Set<TokenId>();
  for (const id of wanted) {
    const steps = kept.has(id) ? [] : [...stepsTo(id), id].filter((step) => !kept.has(step));
    if (kept.size + new Set(steps).size > atMost) break;
    asked.add(id);
    for (const step of steps) kept.add(step);
  }
  const steps = [...kept].slice(always).filter((id) => !asked.has(id)).length;
  return { ids: Uint32Array.from(kept).sort(), always, steps };
}

function* tokensOfAnyText({ tokenizer, json, notation }: EditSubject): Generator<TokenId> {
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
    // In byte tokens a marked space would be decoded as its mark.
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

/** What the merges go through on the way to a token, its characters included; nothing for other models. */
function stepsOf({ tokenizer, json, notation }: EditSubject): (id: TokenId) => Iterable<TokenId> {
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
