import type { TokenId } from "@revocab/core";
import type { AddedTokenJson } from "../tokenizer-json/tokenizer-json.ts";
import type { EditSubject } from "./edit-subject.ts";
import type { NewAddedToken, NewPiece, PromotedToken, Refusal } from "./new-entries.ts";
import { pieceForm } from "./piece-form.ts";

/** Refuses what can be seen without building anything: nothing, twice the same, what is too long for a token, what the tokenizer has, no score. */
export function refuseUnfit(
  { tokenizer, json, notation }: EditSubject,
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
    const found = reason ?? (taken.has(form) ? "it is asked for twice" : undefined);
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
    ...raisedAndNew(),
    refused,
  };

  /** What the tokenizer has as an entry of its own becomes an added token at its id, as in the reference library. */
  function raisedAndNew() {
    const promoted: PromotedToken[] = [];
    const fit = addedTokens.filter((token) => {
      const { content } = token;
      const known = json.added.find((entry) => entry.content === content);
      const id = known?.id ?? json.pieces.idOf(content);
      const reason = content.trim() === "" ? "it is empty" : whyNotRaised(id, token, known);
      if (!isFit(content, content, reason ?? (id === undefined ? reasonOf(content, content) : undefined)))
        return false;
      if (id === undefined) return true;
      promoted.push({ ...token, id });
      return false;
    });
    return { addedTokens: fit, promoted };
  }

  function whyNotRaised(
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

/** The longest tokens of published vocabularies are rulers of some hundred signs. */
const LONGEST = 1000;
