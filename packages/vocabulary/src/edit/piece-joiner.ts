import { RevocabError } from "@revocab/core";
import type { Tokenizer } from "../tokenizer.ts";
import type { EditSubject } from "./edit-subject.ts";

/**
 * What two neighbouring pieces make, as the file writes it; undefined where they must stay apart: what they make is a
 * token already, and would then stand in old text, too. Where spaces are marked in pieces there may be no pre-tokenizer, so
 * letters, digits and other marks are kept apart here, as SentencePiece's trainer does.
 * @throws RevocabError `unsupported_tokenizer` for whole words, and for a BPE that marks the edges of words
 */
export async function pieceJoiner({
  tokenizer,
  json,
  notation,
}: EditSubject): Promise<(left: string, right: string) => string | undefined> {
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
  const withoutPrefix = (piece: string) =>
    piece.slice(piece.startsWith(continuingPrefix) ? continuingPrefix.length : 0);
  const isOneKind =
    spaceMark === undefined ? undefined : (await joinsDigits(tokenizer)) ? ONE_KIND : NO_DIGITS;
  return (left, right) => {
    const piece = left + withoutPrefix(right);
    if (isOld(piece)) return undefined;
    if (isOneKind === undefined) return piece;
    return isOneKind.test(withoutPrefix(piece).replaceAll(spaceMark!, " ")) ? piece : undefined;
  };
}

/**
 * Llama writes numbers digit by digit: a single "00" would change one English token in twenty. Only what a tokenizer makes
 * of numbers tells: a piece such as `▁½`, or one that no text reaches, proves nothing.
 */
async function joinsDigits({ encode, vocabulary }: Tokenizer): Promise<boolean> {
  const ids = await encode(NUMBERS.map((number) => `${number} x${number}`).join(" "));
  return ids.some((id) => /\p{Nd}{2}/u.test(Buffer.from(vocabulary.bytesOf(id)).toString()));
}

/** Every pair of digits, and longer numbers that texts have. */
const NUMBERS = [
  ...Array.from({ length: 100 }, (_, number) => String(number).padStart(2, "0")),
  "000",
  "1000",
  "1999",
  "2000",
  "2024",
];

const ONE_KIND = /^ ?(?:[\p{L}\p{M}]+|\p{N}+|[^\s\p{L}\p{M}\p{N}]+)$/u;
const NO_DIGITS = /^ ?(?:[\p{L}\p{M}]+|[^\s\p{L}\p{M}\p{N}]+)$/u;
