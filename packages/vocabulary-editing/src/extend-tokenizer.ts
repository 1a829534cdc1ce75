import { quote, RevocabError, type TokenId } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";
import type { AddedTokenJson, TokenizerParts } from "@revocab/vocabulary/internal";
import { bpeAdditions } from "./bpe-additions.ts";
import { openForEditing } from "./edited-tokenizer.ts";
import {
  type ModelAdditions,
  type ModelEntry,
  type NewAddedToken,
  type NewPiece,
  type PromotedToken,
  pieceForm,
  type Refusal,
} from "./new-entries.ts";
import { unigramAdditions } from "./unigram-additions.ts";
import { whyUnreachable } from "./why-unreachable.ts";
import { writeExtension } from "./write-extension.ts";

export interface TokenizerExtension {
  /** For the model itself: whole words, with the space before them (" Schmetterling"), or parts of words. */
  readonly pieces?: readonly (string | NewPiece)[];
  /**
   * Tokens that are found before the model runs: control tokens, or words of any kind. An ordinary entry of the tokenizer
   * becomes an added token and keeps its id.
   */
  readonly addedTokens?: readonly (string | NewAddedToken)[];
  /** Leave out what cannot be added, and list it, instead of failing. @default false */
  readonly skipRefused?: boolean;
}

export interface AddedEntry {
  readonly id: TokenId;
  /** As the file writes it. */
  readonly token: string;
  /** `step`: a token that was not requested, but is needed as an intermediate result of merges. */
  readonly kind: "piece" | "step" | "added";
}

export interface ExtendedTokenizer {
  /** The new tokenizer; its `files` can be written out. */
  readonly tokenizer: Tokenizer;
  /** Ids from the old `vocabulary.size` on, without a gap: pieces in their order, steps, added tokens in theirs. */
  readonly added: readonly AddedEntry[];
  /** Ordinary entries that became added tokens; their ids stay. */
  readonly promoted: readonly { readonly id: TokenId; readonly token: string }[];
  readonly refused: readonly Refusal[];
}

/**
 * Adds entries to a tokenizer. Old ids stay, and text without a new token is encoded as before. For every piece and added
 * token the tokenizers library is run to prove that some text is encoded with it.
 * @throws RevocabError `bad_options` with the reason for each entry that cannot be added, `unsupported_tokenizer`
 */
export async function extendTokenizer(
  tokenizer: Tokenizer,
  { pieces = [], addedTokens = [], skipRefused = false }: TokenizerExtension,
): Promise<ExtendedTokenizer> {
  const parts = openForEditing(tokenizer);
  const unfit = refuseUnfit(
    parts,
    pieces.map((piece) => (typeof piece === "string" ? { text: piece } : piece)),
    addedTokens.map((token) => (typeof token === "string" ? { content: token } : token)),
  );
  let wanted = unfit.pieces;
  let wantedTokens = unfit.addedTokens;
  let promoted = unfit.promoted;
  const refused: Refusal[] = [...unfit.refused];
  for (;;) {
    const additions = modelAdditions(parts, wanted);
    const extended = writeExtension(parts, additions, wantedTokens, promoted);
    const added = addedEntries(tokenizer, additions, wantedTokens);
    const texts = [
      ...additions.entries.map(({ text }) => text),
      ...wantedTokens.map(({ content }) => content),
    ];
    const requested = [
      ...added.flatMap(({ id }, place) => {
        const text = texts[place];
        return text === undefined ? [] : [[id, text] as const];
      }),
      ...promoted.map(({ id, content }) => [id, content] as const),
    ];
    const unreached = await whyUnreachable(extended, new Map(requested.map(([id, text]) => [id, [text]])));
    const lost = requested.flatMap(([id, text]) => {
      const reason = unreached.get(id)?.reason;
      return reason === undefined ? [] : [{ id, text, reason }];
    });
    if (lost.length === 0) {
      refused.push(...additions.refused);
      if (refused.length > 0 && !skipRefused) throw refusal(refused);
      return {
        tokenizer: extended,
        added,
        promoted: promoted.map(({ id, content }) => ({ id, token: content })),
        refused,
      };
    }
    // An entry that no text reaches is dropped with its steps, and the others are built again without it.
    refused.push(...lost.map(({ text, reason }) => ({ text, reason })));
    const lostIds = new Set(lost.map(({ id }) => id));
    promoted = promoted.filter(({ id }) => !lostIds.has(id));
    const { size } = tokenizer.vocabulary;
    const firstToken = size + additions.entries.length;
    const lostPieces = new Set(
      lost.filter(({ id }) => id >= size && id < firstToken).map(({ text }) => text),
    );
    const lostTokens = new Set(lost.filter(({ id }) => id >= firstToken).map(({ text }) => text));
    wanted = wanted.filter(({ text }) => !lostPieces.has(text));
    wantedTokens = wantedTokens.filter(({ content }) => !lostTokens.has(content));
  }
}

function modelAdditions(
  parts: TokenizerParts,
  pieces: readonly NewPiece[],
): ModelAdditions & { readonly refused: readonly Refusal[] } {
  if (pieces.length === 0) return { entries: [], merges: [], refused: [] };
  switch (parts.json.model.type) {
    case "BPE":
      return bpeAdditions(parts, pieces);
    case "Unigram":
      return { ...unigramAdditions(parts, asEntries(parts, pieces)), refused: [] };
    case "WordPiece":
    case "WordLevel":
      return { ...entryAdditions(parts, pieces), refused: [] };
  }
}

function asEntries({ notation }: TokenizerParts, pieces: readonly NewPiece[]): ModelEntry[] {
  return pieces.map(({ text, score }) => ({
    piece: pieceForm(text, notation),
    text,
    ...(score !== undefined && { score }),
  }));
}

function addedEntries(
  { vocabulary }: Tokenizer,
  { entries }: ModelAdditions,
  addedTokens: readonly NewAddedToken[],
): AddedEntry[] {
  return [
    ...entries.map(({ piece, text }) => ({
      token: piece,
      kind: text === undefined ? ("step" as const) : ("piece" as const),
    })),
    ...addedTokens.map(({ content }) => ({ token: content, kind: "added" as const })),
  ].map((entry, place) => ({ id: vocabulary.size + place, ...entry }));
}

function refusal(refused: readonly Refusal[]): RevocabError {
  const listed = refused.slice(0, LISTED).map(({ text, reason }) => `${quote(text)}: ${reason}`);
  if (refused.length > LISTED) listed.push(`and ${refused.length - LISTED} more`);
  const count = refused.length === 1 ? "1 entry" : `${refused.length} entries`;
  return new RevocabError("bad_options", `${count} cannot be added: ${listed.join("; ")}`, {
    hint: "remove the listed entries, or leave them out with `skipRefused`",
  });
}

const LISTED = 20;

/**
 * The entries that can be refused without building anything: empty ones, duplicates, those that are too long for a token or
 * that the tokenizer has already, and scores that are no numbers.
 */
function refuseUnfit(
  { tokenizer, json, notation }: TokenizerParts,
  pieces: readonly NewPiece[],
  addedTokens: readonly NewAddedToken[],
): {
  readonly pieces: readonly NewPiece[];
  readonly addedTokens: readonly NewAddedToken[];
  /** Added tokens whose strings the tokenizer has as ordinary entries. */
  readonly promoted: readonly PromotedToken[];
  readonly refused: readonly Refusal[];
} {
  const { vocabulary } = tokenizer;
  const refused: Refusal[] = [];
  const taken = new Set<string>();
  const isFit = (text: string, form: string, reason: string | undefined): boolean => {
    const found = reason ?? (taken.has(form) ? "it is given twice" : undefined);
    if (found === undefined) taken.add(form);
    else refused.push({ text, reason: found });
    return found === undefined;
  };
  const reasonOf = (text: string, form: string): string | undefined => {
    if (text === "" || form === "") return "it is empty";
    if (text.length > LONGEST) return `it has ${text.length} characters, expected at most ${LONGEST}`;
    if (/\p{Surrogate}/u.test(text)) return "it has half of a surrogate pair";
    const added = json.added.find(({ content }) => content === form);
    const id = added?.id ?? json.pieces.idOf(form);
    return id === undefined ? undefined : `the tokenizer has it already: id ${id}`;
  };
  return {
    pieces: pieces.filter(({ text, score }) => {
      const form = pieceForm(text, notation);
      const same = vocabulary.idsOf(Buffer.from(text)).filter((id) => vocabulary.kindOf(id) === "text");
      const reason =
        reasonOf(text, form) ??
        (same.length > 0 ? `the tokenizer has it already: id ${same[0]}` : undefined) ??
        (score === undefined || Number.isFinite(score)
          ? undefined
          : `its score is ${score}, expected a number`) ??
        (score !== undefined && json.model.type !== "Unigram"
          ? "it has a score, but only a Unigram has scores"
          : undefined);
      return isFit(text, form, reason);
    }),
    ...promotedAndNew(),
    refused,
  };

  /** An ordinary entry becomes an added token and keeps its id, as in the reference library. */
  function promotedAndNew() {
    const promoted: PromotedToken[] = [];
    const fit = addedTokens.filter((token) => {
      const { content } = token;
      const known = json.added.find((entry) => entry.content === content);
      const id = known?.id ?? json.pieces.idOf(content);
      const reason = content.trim() === "" ? "it is empty" : whyNotPromoted(id, token, known);
      if (!isFit(content, content, reason ?? (id === undefined ? reasonOf(content, content) : undefined)))
        return false;
      if (id === undefined) return true;
      promoted.push({ ...token, id });
      return false;
    });
    return { addedTokens: fit, promoted };
  }

  function whyNotPromoted(
    id: TokenId | undefined,
    { content, special = true }: NewAddedToken,
    known: AddedTokenJson | undefined,
  ): string | undefined {
    if (id === undefined) return undefined;
    if (known?.special === true || (known !== undefined && !special))
      return `the tokenizer has it already: id ${id}`;
    if (vocabulary.kindOf(id) === "byte") return `it stands for a byte: id ${id}`;
    if (known === undefined && vocabulary.kindOf(id) === "text" && [...content].length === 1)
      return `it stands for a character of any text: id ${id}`;
    return undefined;
  }
}

/** The longest tokens of published vocabularies are lines of some hundred dashes. */
const LONGEST = 1000;

/** WordPiece and WordLevel take the longest entry that fits, so a new entry is all that a piece needs. */
function entryAdditions({ notation }: TokenizerParts, pieces: readonly NewPiece[]): ModelAdditions {
  return { entries: pieces.map(({ text }) => ({ piece: pieceForm(text, notation), text })), merges: [] };
}
