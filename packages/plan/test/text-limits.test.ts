import { SOURCE_VOCABULARY } from "@revocab/test-support/contract-models";
import { describe, expect, it } from "vitest";
import { textLimits } from "../src/model/source-model.ts";

describe("a text that a model writes", () => {
  it("begins with the token that opens a text, which is no part of it", () => {
    const { openings, keepsOpening } = textLimits(SOURCE_VOCABULARY);
    expect({ openings, keepsOpening }).toEqual({
      openings: [SOURCE_VOCABULARY.idOfRole("bos")],
      keepsOpening: false,
    });
  });

  it("begins with any of its tokens where none opens or ends a text", () => {
    const silent = { ...SOURCE_VOCABULARY, idOfRole: () => undefined };
    const { openings, keepsOpening, ends } = textLimits(silent);
    expect(new Set(openings.map((id) => silent.kindOf(id)))).toEqual(new Set(["text", "byte"]));
    expect(keepsOpening).toBe(true);
    expect(ends.size).toBe(0);
  });

  it("has text and bytes, ends with a token for it, and has nothing else", () => {
    const { isAllowed, ends } = textLimits(SOURCE_VOCABULARY);
    expect(ends).toEqual(new Set([SOURCE_VOCABULARY.idOfRole("eos"), SOURCE_VOCABULARY.idOfRole("bos")]));
    for (let id = 0; id < SOURCE_VOCABULARY.size + 3; id++) {
      const isText = id < SOURCE_VOCABULARY.size && ["text", "byte"].includes(SOURCE_VOCABULARY.kindOf(id));
      expect(isAllowed(id)).toBe(isText || ends.has(id));
    }
  });
});
