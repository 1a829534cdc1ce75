import { randomStream } from "@revocab/matrix";
import {
  alignWords,
  dictionaryAgreement,
  readParallelLines,
  type WordAlignment,
} from "@revocab/parallel-text";
import { realData } from "@revocab/test-support/real-data";
import { describe, expect, it } from "vitest";

/** The links of each line as `0-0 1-2`. */
function linksOf({ offsets, source, target }: WordAlignment): string[] {
  return Array.from({ length: offsets.length - 1 }, (_, line) =>
    Array.from(
      { length: offsets[line + 1] - offsets[line] },
      (_, k) => `${source[offsets[line] + k]}-${target[offsets[line] + k]}`,
    ).join(" "),
  );
}

/** Lines in an invented language: each word has a translation of its own, the last word comes first, and one is put in. */
function inventedLines(count: number) {
  const { uniform } = randomStream(3, 0);
  const source: string[] = [];
  const target: string[] = [];
  for (let line = 0; line < count; line++) {
    const words = Array.from({ length: 3 + Math.floor(uniform() * 5) }, () => Math.floor(uniform() * 30));
    source.push(words.map((word) => `s${word}`).join(" "));
    const translated = words.map((word) => `t${word}`);
    target.push([translated.at(-1), "filler", ...translated.slice(0, -1)].join(" "));
  }
  return { source, target };
}

const LINES = inventedLines(300);

describe("alignWords", () => {
  it("finds the translations of an invented language whose order is another", async () => {
    const { alignment } = await alignWords({ lines: LINES, iterations: 7 });
    const found = linksOf(alignment);
    let right = 0;
    let wanted = 0;
    for (const [line, text] of LINES.source.entries()) {
      const n = text.split(" ").length;
      const gold = Array.from({ length: n }, (_, i) => (i === n - 1 ? `${i}-0` : `${i}-${i + 2}`));
      right += gold.filter((link) => found[line].split(" ").includes(link)).length;
      wanted += n;
    }
    expect(right / wanted).toBeGreaterThan(0.9);
  });

  it("gives the same links on one thread and on two", async () => {
    const many = inventedLines(3000);
    const one = await alignWords({ lines: many, iterations: 12, job: { threads: 1 } });
    const two = await alignWords({ lines: many, iterations: 12, job: { threads: 2 } });
    expect(two).toEqual(one);
  });

  it("exchanging the languages gives the same links the other way round, and the two directions exchanged", async () => {
    for (const symmetrization of ["grow-diag-final-and", "intersect", "union"] as const) {
      const there = await alignWords({ lines: LINES, symmetrization });
      const back = await alignWords({
        lines: { source: LINES.target, target: LINES.source },
        symmetrization,
      });
      const turned = linksOf(back.alignment).map((line) =>
        line
          .split(" ")
          .map((link) => link.split("-").map(Number))
          .sort(([j, i], [l, k]) => i - k || j - l)
          .map(([j, i]) => `${i}-${j}`)
          .join(" "),
      );
      expect(turned).toEqual(linksOf(there.alignment));
      expect([back.forward, back.reverse]).toEqual([there.reverse, there.forward]);
    }
  });

  it("passes over empty and overlong lines, counts them, and keeps the numbers of the others", async () => {
    const long = Array.from({ length: 1001 }, (_, i) => `w${i}`).join(" ");
    const lines = { source: ["a", "", long, "a"], target: ["x", "x", "x", "x"] };
    const { alignment, skipped, words } = await alignWords({ lines });
    expect(linksOf(alignment)).toEqual(["0-0", "", "", "0-0"]);
    expect(skipped).toEqual({ empty: 1, long: 1 });
    expect(words).toEqual({ source: 1003, target: 4 });
  });

  it("takes words that differ in case or composition for one, unless told otherwise", async () => {
    const lines = { source: ["Caf\u00e9", "cafe\u0301"], target: ["x", "X"] };
    const folded = await alignWords({ lines, iterations: 1 });
    const apart = await alignWords({ lines, iterations: 1, foldCase: false });
    // one translation each way, or two of which neither is known
    expect(folded.forward.bitsPerWord).toBeCloseTo(0, 12);
    expect(apart.forward.bitsPerWord).toBeCloseTo(1, 12);
  });

  it("refuses numbers and lines it cannot use", async () => {
    await expect(alignWords({ lines: LINES, iterations: 0 })).rejects.toMatchObject({ code: "bad_options" });
    await expect(alignWords({ lines: LINES, job: { threads: 1.5 } })).rejects.toMatchObject({
      code: "bad_options",
    });
    const uneven = alignWords({ lines: { source: ["a"], target: [] } });
    await expect(uneven).rejects.toMatchObject({ code: "bad_options" });
    const nothing = alignWords({ lines: { source: [" "], target: ["x"] } });
    await expect(nothing).rejects.toMatchObject({ code: "bad_text" });
  });

  it("stops before and during, with the code aborted", async () => {
    const before = new AbortController();
    before.abort();
    const never = alignWords({ lines: LINES, job: { abortSignal: before.signal } });
    await expect(never).rejects.toMatchObject({ code: "aborted" });
    const during = new AbortController();
    const stopped = alignWords({
      lines: inventedLines(3000),
      iterations: 100,
      job: {
        abortSignal: during.signal,
        onProgress: (event) => event.type === "progress" && event.done > 0 && during.abort(),
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("dictionaryAgreement", () => {
  it("counts links that are listed, that could be, and words whose translation is found", () => {
    const lines = { source: ["The dog barks", "cat"], target: ["Der Hund bellt", "Hund"] };
    const alignment = {
      offsets: Uint32Array.of(0, 3, 4),
      source: Uint32Array.of(0, 1, 2, 0),
      target: Uint32Array.of(0, 1, 1, 0),
    };
    const pairs = [
      { source: "dog", target: "Hund" },
      { source: "barks", target: "bellt" },
      { source: "cat", target: "Katze" },
    ];
    // listed: dog-Hund; known besides: barks-Hund and cat-Hund; translatable: dog and barks, of which dog is found
    expect(dictionaryAgreement({ lines, alignment, words: "unicode", pairs })).toEqual({
      links: 4,
      listed: 1,
      known: 3,
      translatable: 2,
      found: 1,
    });
  });
});

describe.skipIf(realData === undefined)("on 3,000 captions in English and German", () => {
  it("links more than three quarters of the words of which a dictionary lists a translation to one", async () => {
    const { readDictionary } = await import("@revocab/vocab-alignment");
    const text = (language: string) => `${realData}/text/multi30k.${language}.txt`;
    const all = await readParallelLines({ source: text("en"), target: text("de") });
    const lines = { source: all.source.slice(0, 3000), target: all.target.slice(0, 3000) };
    const { alignment, forward } = await alignWords({ lines });
    const { pairs } = await readDictionary(`${realData}/dictionaries/english-german.txt`);
    const { found, translatable } = dictionaryAgreement({ lines, alignment, words: "unicode", pairs });
    expect(translatable).toBeGreaterThan(10_000);
    // a diagonal line finds 44 %
    expect(found / translatable).toBeGreaterThan(0.75);
    expect(forward.tension).toBeGreaterThan(4);
  });
});
