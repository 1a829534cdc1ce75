import { type WordCut, wordsOfLine } from "@revocab/parallel-text";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const textsOf = (line: string, cut?: WordCut) => wordsOfLine(line, cut).map(({ text }) => text);

describe("wordsOfLine", () => {
  it("keeps numbers, contractions and compounds whole, and cuts punctuation off", () => {
    expect(textsOf("Don't go, 3.5 T-Shirts — l’homme ‘so’!")).toEqual([
      "Don't",
      "go",
      ",",
      "3.5",
      "T-Shirts",
      "—",
      "l’homme",
      "‘",
      "so",
      "’",
      "!",
    ]);
  });

  it("takes a Han character for a word, and kana in runs", () => {
    expect(textsOf("我爱苹果。カメラで撮る人々")).toEqual([
      "我",
      "爱",
      "苹",
      "果",
      "。",
      "カメラで",
      "撮",
      "る",
      "人",
      "々",
    ]);
  });

  it("keeps combining marks and the joiners of Persian within their word", () => {
    expect(textsOf("e\u0301te\u0301 می\u200cخواهم")).toEqual(["e\u0301te\u0301", "می\u200cخواهم"]);
  });

  it("says which words have letters or digits", () => {
    expect(wordsOfLine("a - 1 😀").map(({ hasLetters }) => hasLetters)).toEqual([true, false, true, false]);
  });

  it("cuts at white space alone when asked, as aligners elsewhere count", () => {
    expect(textsOf(" Don't  go, now ", "whitespace")).toEqual(["Don't", "go,", "now"]);
  });

  it("gives each word its place, and leaves only white space between places", () => {
    const lines = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(lines, fc.constantFrom<WordCut>("unicode", "whitespace"), (line, cut) => {
        const words = wordsOfLine(line, cut);
        const between = [0, ...words.map(({ end }) => end)].map((end, i) => line.slice(end, words[i]?.start));
        const isWhole = words.every(({ text, start, end }) => text !== "" && line.slice(start, end) === text);
        expect([isWhole, between.join("").trim()]).toEqual([true, ""]);
      }),
    );
  });
});
