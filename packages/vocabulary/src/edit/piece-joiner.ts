import { RevocabError, type Vocabulary } from "@revocab/core";
import type { EditSubject } from "./edit-subject.ts";

/**
 * What two neighbouring pieces make, as the file writes it; undefined where they must stay apart: what they make is a
 * token already, and would then stand in old text, too. Where spaces are marked in pieces there may be no pre-tokenizer, so
 * letters, digits and other marks are kept apart here, as SentencePiece's trainer does.
 * @throws RevocabError `unsupported_tokenizer` for whole words, and for a BPE that marks the edges of words
 */
export function pieceJoiner({
  tokenizer,
  json,
  notation,
}: EditSubject): (left: string, right: string) => string | undefined {
  const { model } = json;
  const marksEdges = model.type === "BPE" && (model.continuingPrefix !== "" || model.endSuffix !== "");
  if (model.type === "WordLevel" || marksEdges) {
    throw new RevocabError(
      "unsupported_tokenizer",
      `${tokenizer.origin} is a ${tokenizer.family} tokenizer; byte-level BPE, SentencePiece BPE, Unigram or WordPiece was expected`,
      { hint: "give words as added tokens instead" },
    );
  }
  const addedContents = new Set(json.added.map(({ content }) => content));
  const isOld = (piece: string) => json.pieces.idOf(piece) !== undefined || addedContents.has(piece);
  const { continuingPrefix, spaceMark } = notation;
  const isOneKind =
    spaceMark === undefined ? undefined : joinsDigits(tokenizer.vocabulary) ? ONE_KIND : NO_DIGITS;
  return (left, right) => {
    const piece = left + right.slice(right.startsWith(continuingPrefix) ? continuingPrefix.length : 0);
    if (isOld(piece)) return undefined;
    return isOneKind === undefined || isOneKind.test(piece.replaceAll(spaceMark!, " ")) ? piece : undefined;
  };
}

/** Llama writes numbers digit by digit: a single "00" would change one English token in twenty. */
function joinsDigits(vocabulary: Vocabulary): boolean {
  for (let id = 0; id < vocabulary.size; id++) {
    if (vocabulary.kindOf(id) !== "text") continue;
    if (/^ ?\p{N}{2}|^ \p{N}/u.test(Buffer.from(vocabulary.bytesOf(id)).toString())) return true;
  }
  return false;
}

const ONE_KIND = /^ ?(?:[\p{L}\p{M}]+|\p{N}+|[^\s\p{L}\p{M}\p{N}]+)$/u;
const NO_DIGITS = /^ ?(?:[\p{L}\p{M}]+|[^\s\p{L}\p{M}\p{N}]+)$/u;
