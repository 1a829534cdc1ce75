import { randomStream } from "@revocab/matrix";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alignedSpans, alignedSwaps } from "../src/mix/aligned-swaps.ts";
import { dictionarySwaps, followCase, translationTable } from "../src/mix/dictionary-swaps.ts";
import { swapWords } from "../src/mix/line-swaps.ts";
import { interleave, mixLines } from "../src/mix/mix-lines.ts";
import { wordsOfLine } from "../src/words-of-line.ts";

const pairsOf = (lines: string) =>
  lines.split(", ").map((line) => {
    const [source, target] = line.split("=");
    return { source, target };
  });

/** The line with all that the dictionary has replaced. */
function translated(line: string, dictionary: string, other = ""): string {
  const words = wordsOfLine(line);
  const table = translationTable(pairsOf(dictionary));
  const swaps = dictionarySwaps(line, words, { table, otherWords: wordsOfLine(other) });
  return swapWords(line, words, swaps, { share: 1, draws: randomStream(0, 0) }).text;
}

describe("a translation", () => {
  it.each([
    ["dog", "dog", "Hund", "Hund"],
    ["DOG", "dog", "Hund", "HUND"],
    ["Free", "free", "frei", "Frei"],
    ["FREE", "free", "frei", "FREI"],
    ["Free", "free of charge", "umsonst", "Umsonst"],
    ["hund", "Hund", "Dog", "dog"],
    ["Hund", "Hund", "dog", "dog"],
  ])("of %s, by %s → %s, is written %s within a line", (found, written, text, expected) => {
    expect(followCase(text, { found, written, isFirst: false })).toBe(expected);
  });

  it("has a capital at the head of a line where the word has one", () => {
    expect(translated("Hunde bellen", "Hunde=dogs, bellen=bark")).toBe("Dogs bark");
    expect(translated("A dog", "a=ein")).toBe("Ein dog");
  });

  it("replaces words alone: white space and punctuation stay", () => {
    expect(translated(" a dog,  a  cat!", "dog=Hund, cat=Katze")).toBe(" a Hund,  a  Katze!");
  });

  it("is that of the longest phrase", () => {
    expect(translated("it is free of charge", "free=frei, free of charge=umsonst, of=von")).toBe(
      "it is umsonst",
    );
    expect(translated("it is free of pain", "free=frei, free of charge=umsonst, of=von")).toBe(
      "it is frei von pain",
    );
  });

  it("is looked up a Han character at a time", () => {
    expect(translated("我爱苹果。", "苹果=apple, 爱=love")).toBe("我loveapple。");
  });

  it("is taken from the line in the other language where it stands there", () => {
    const bank = "bank=Bank, bank=Ufer, bank=Böschung";
    expect(translated("the bank", bank, "das Ufer des Flusses")).toBe("the Ufer");
  });

  it("is one that the other language's texts have, where there is one", () => {
    const pairs = pairsOf("man=Mann, man=Gatte, near=nah");
    const { entries } = translationTable(pairs, (word) => word === "mann");
    expect(entries.get("man")?.map(({ text }) => text)).toEqual(["Mann"]);
    expect(entries.get("near")?.map(({ text }) => text)).toEqual(["nah"]);
  });

  it("is no affix, no sign and not the word itself", () => {
    expect([...translationTable(pairsOf("off=ab-, .=BR, Film=film, ex-=vormals")).entries]).toEqual([]);
  });
});

describe("interleaved lines", () => {
  it("take a few words of each in turn", () => {
    expect(interleave("a red dog sleeps", "ein roter Hund schläft", 2)).toBe(
      "a red ein roter dog sleeps Hund schläft",
    );
  });

  it("leave punctuation at its word", () => {
    expect(interleave("Stop, (please) now.", "Halt, bitte jetzt!", 1)).toBe(
      "Stop, Halt, (please) bitte now. jetzt!",
    );
  });

  it("hold every word of both in their order", () => {
    const words = fc.array(fc.constantFrom("a", "bc", "d,", "(e)"), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(words, words, fc.integer({ min: 1, max: 5 }), (left, right, size) => {
        const upper = right.map((word) => word.toUpperCase());
        const mixed = interleave(left.join(" "), upper.join(" "), size).split(" ");
        expect(mixed.filter((word) => word === word.toLowerCase())).toEqual(left);
        expect(mixed.filter((word) => word !== word.toLowerCase())).toEqual(upper);
      }),
    );
  });
});

describe("aligned words", () => {
  const side = (line: string) => ({ line, words: wordsOfLine(line) });
  const lines = { source: side("They gave up, dogs!"), target: side("Sie gaben Hunde auf!") };
  const links = [
    { source: 0, target: 0 },
    { source: 1, target: 1 },
    { source: 2, target: 1 },
    { source: 4, target: 2 },
    { source: 5, target: 4 },
  ];

  it("change places with all they are linked to, and signs stay", () => {
    const spans = alignedSpans(links);
    expect(alignedSwaps(spans, "source", lines)).toEqual([
      { start: 0, end: 1, choices: ["Sie"] },
      { start: 1, end: 3, choices: ["gaben"] },
      { start: 4, end: 5, choices: ["Hunde"] },
    ]);
    expect(alignedSwaps(spans, "target", lines).map(({ choices }) => choices[0])).toEqual([
      "They",
      "gave up",
      "dogs",
    ]);
  });

  it("stay where what they are linked to lies apart, or is longer than three words", () => {
    expect(alignedSpans([...links.slice(0, 4), { source: 1, target: 3 }])).toHaveLength(2);
    expect(alignedSpans([0, 1, 2, 3].map((target) => ({ source: 0, target })))).toEqual([]);
  });

  it("go before the dictionary, which has the rest", () => {
    const tables = {
      source: translationTable(pairsOf("dogs=Köter, they=jene")),
      target: translationTable([]),
    };
    const { lines: mixed, counts } = mixLines(
      { number: 0, source: "they like dogs", target: "sie mögen Hunde", links: [{ source: 2, target: 2 }] },
      { forms: ["swapped", "plain"], share: 1, seed: 0, wordsInPiece: 3, cut: "unicode", tables },
    );
    expect(mixed).toEqual(["jene like Hunde", "sie mögen dogs", "they like dogs", "sie mögen Hunde"]);
    expect(counts.source).toEqual({ words: 3, replaceable: 2, replaced: 2 });
    expect(counts.target).toEqual({ words: 3, replaceable: 1, replaced: 1 });
  });
});
