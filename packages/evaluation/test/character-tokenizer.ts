import type { SpecialRole, Vocabulary } from "@revocab/core";
import type { TextTokenizer } from "@revocab/evaluation";
import { type HandMadeEntry, handMadeVocabulary, text } from "@revocab/test-support/hand-made-vocabulary";
import type { FrameItem } from "@revocab/vocabulary";

/** One token a character, after some specials; what it does not know is unk if it has one, else dropped. */
export function characterTokenizer(characters: string, ...specials: readonly HandMadeEntry[]): TextTokenizer {
  const entries = [...specials, ...[...characters].map((character) => text(character))];
  const vocabulary = handMadeVocabulary(entries);
  const ids = new Map(entries.map(({ token }, id) => [token, id]));
  const unknown = vocabulary.idOfRole("unk");
  return {
    vocabulary,
    family: "character-bpe",
    origin: "characters",
    frame: { single: framed(vocabulary), pair: [] },
    encode: async (string) =>
      Uint32Array.from([...string].map((one) => ids.get(one) ?? unknown).filter((id) => id !== undefined)),
    normalize: async (string) => string,
  };
}

/** [CLS] text [SEP], or BOS and EOS, as far as there are such tokens. */
function framed(vocabulary: Vocabulary): FrameItem[] {
  const special = (...roles: SpecialRole[]): FrameItem[] => {
    const id = roles.map((role) => vocabulary.idOfRole(role)).find((found) => found !== undefined);
    return id === undefined ? [] : [{ kind: "special", token: vocabulary.tokenOf(id), id, typeId: 0 }];
  };
  return [...special("cls", "bos"), { kind: "text", text: "A", typeId: 0 }, ...special("sep", "eos")];
}
