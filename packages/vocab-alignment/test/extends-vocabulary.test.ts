import { byte, handMadeVocabulary, special, text, UNUSED } from "@revocab/test-support/hand-made-vocabulary";
import { extendsVocabulary } from "@revocab/vocab-alignment";
import { describe, expect, it } from "vitest";

const entries = [special("<s>", "bos"), text("a"), UNUSED, byte(0x61)];
const vocabulary = handMadeVocabulary(entries);

describe("extendsVocabulary", () => {
  it("a vocabulary extends itself", () => {
    expect(extendsVocabulary(vocabulary, vocabulary)).toBe(true);
  });

  it("entries may be added at the end and in holes", () => {
    const target = handMadeVocabulary([...entries.with(2, text("b")), text("c")]);
    expect(extendsVocabulary(vocabulary, target)).toBe(true);
  });

  it("a role gained is no other entry", () => {
    const target = handMadeVocabulary(entries.with(0, special("<s>", "bos", "pad")));
    expect(extendsVocabulary(vocabulary, target)).toBe(true);
  });

  it("one changed or missing entry is another vocabulary", () => {
    expect(extendsVocabulary(vocabulary, handMadeVocabulary(entries.with(1, text("b"))))).toBe(false);
    expect(extendsVocabulary(vocabulary, handMadeVocabulary(entries.with(3, text("a", "<0x61>"))))).toBe(
      false,
    );
    expect(extendsVocabulary(vocabulary, handMadeVocabulary(entries.slice(0, 3)))).toBe(false);
  });
});
