import type { TextTokenizer } from "@revocab/evaluation";
import { type HandMadeEntry, handMadeVocabulary, text } from "@revocab/test-support/hand-made-vocabulary";

/** One token a character, after some specials; what it does not know is unk if it has one, else dropped. */
export function characterTokenizer(characters: string, ...specials: readonly HandMadeEntry[]): TextTokenizer {
  const entries = [...specials, ...[...characters].map((character) => text(character))];
  const vocabulary = handMadeVocabulary(entries);
  const ids = new Map(entries.map(({ token }, id) => [token, id]));
  const unknown = vocabulary.idOfRole("unk");
  return {
    vocabulary,
    origin: "characters",
    encode: async (string) =>
      Uint32Array.from([...string].map((one) => ids.get(one) ?? unknown).filter((id) => id !== undefined)),
    normalize: (string) => string,
  };
}
