import type { EditSubject } from "./edit-subject.ts";
import type { NewAddedToken, NewPiece, Refusal } from "./new-entries.ts";
import { pieceForm } from "./piece-form.ts";

/** Refuses what can be seen without building anything: nothing, twice the same, what the tokenizer has, no score. */
export function refuseUnfit(
  { tokenizer, json, notation }: EditSubject,
  pieces: readonly NewPiece[],
  addedTokens: readonly NewAddedToken[],
): {
  readonly pieces: readonly NewPiece[];
  readonly addedTokens: readonly NewAddedToken[];
  readonly refused: readonly Refusal[];
} {
  const { vocabulary } = tokenizer;
  const refused: Refusal[] = [];
  const taken = new Set(json.added.map(({ content }) => content));
  const isFit = (text: string, form: string, reason: string | undefined): boolean => {
    const found = reason ?? (taken.has(form) ? "it is asked for twice" : undefined);
    if (found === undefined) taken.add(form);
    else refused.push({ text, reason: found });
    return found === undefined;
  };
  const reasonOf = (text: string, form: string): string | undefined => {
    if (text === "" || form === "") return "it is empty";
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
    addedTokens: addedTokens.filter(({ content }) =>
      isFit(content, content, content.trim() === "" ? "it is empty" : reasonOf(content, content)),
    ),
    refused,
  };
}
