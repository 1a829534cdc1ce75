import { RevocabError } from "@revocab/core";
import { initContext } from "@revocab/embedding-init";
import { makeTables, SOURCE_VOCABULARY, TARGET_VOCABULARY } from "@revocab/test-support/contract-models";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { describe, expect, it } from "vitest";

const source = { vocabulary: SOURCE_VOCABULARY, tables: makeTables() };
const target = { vocabulary: TARGET_VOCABULARY };
const options = { source, target, seed: 0, initializerRange: 0.02 };
const aligned = alignVocabularies({ source: SOURCE_VOCABULARY, target: TARGET_VOCABULARY });
const idOf = (text: string) => TARGET_VOCABULARY.idsOf(new TextEncoder().encode(text))[0];

describe("initContext", () => {
  it("aligns the vocabularies, or takes the alignment that is known", () => {
    expect(initContext(options).alignment).toEqual(aligned);
    const alignment = { ...aligned, sourceOf: aligned.sourceOf.map(() => -1) };
    expect(initContext({ ...options, alignment }).alignment).toEqual(alignment);
  });

  it("takes a known source id before the bytes; −2 is a row of its own, −1 and ids beyond the tables are unknown", () => {
    const [a, b, ab, abc] = ["a", "b", "ab", "abc"].map(idOf);
    const sourceOf = aligned.sourceOf.map(() => -1);
    sourceOf[a] = 3;
    sourceOf[b] = -2;
    sourceOf[ab] = makeTables()[0].matrix.rows;
    sourceOf[abc] = 5;
    const found = initContext({ ...options, sourceOf, extendsSource: true }).alignment;
    const expected = aligned.sourceOf.slice();
    expected[a] = 3;
    expected[b] = -1;
    expected[abc] = 5;
    expect(found.sourceOf).toEqual(expected);
    expect(found.extendsSource).toBe(true);
  });

  it("forgets the counterpart at the head of a special whose source id is known", () => {
    const special = 0;
    expect(aligned.headSourceOf?.has(special)).toBe(true);
    const sourceOf = aligned.sourceOf.map((_, id) => (id === special ? 1 : -1));
    expect(initContext({ ...options, sourceOf }).alignment.headSourceOf?.has(special)).toBe(false);
  });

  it("leaves out of a text what the target tokenizer cannot write, and says how many characters", async () => {
    const encode = async (text: string) => {
      if (text.includes("ß")) throw new RevocabError("unknown_text", "no token for ß");
      return Uint32Array.from(text, (letter) => idOf(letter));
    };
    let refused = 0;
    const context = initContext({
      ...options,
      target: { ...target, encode },
      onRefused(characters) {
        refused += characters;
      },
    });
    expect(Array.from((await context.target.encode?.("aßbß")) ?? [])).toEqual(["a", "b"].map(idOf));
    expect(refused).toBe(2);
  });

  it("has no more than it was given: no model, no encode, no donor", () => {
    const { source, target, donor } = initContext(options);
    const given = (reader: object) =>
      Object.entries(reader).flatMap(([key, value]) => (value === undefined ? [] : [key]));
    expect(given(source).sort()).toEqual(["tables", "vocabulary"]);
    expect(given(target)).toEqual(["vocabulary"]);
    expect(donor).toBeUndefined();
  });
});
