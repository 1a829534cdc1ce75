import type { Vocabulary } from "@revocab/core";
import {
  calibrateMerges,
  firstMerges,
  type MergeDegree,
  mergeApplier,
  mergeBatch,
  type SegmentedText,
  segmentText,
} from "@revocab/dynamic-tokenization";
import { readText } from "@revocab/files";
import { randomStream } from "@revocab/matrix";
import { handMadeVocabulary, text as textToken } from "@revocab/test-support/hand-made-vocabulary";
import { SAMPLE_MODEL, SAMPLE_TEXT } from "@revocab/test-support/sample";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";
import { plainlyMerged, plainMerges } from "./plain-merges.ts";

describe("mergeBatch", () => {
  it("merges the pairs of the worked example in their order", () => {
    const vocabulary = letters("elorw");
    const texts = [...Array(5).fill("low"), ...Array(2).fill("lower")].map((word) =>
      segmented(vocabulary, [word]),
    );
    const { tokens, lengths } = mergeBatch(texts, { vocabulary });
    expect(tokens.map((bytes) => Buffer.from(bytes).toString())).toEqual(["lo", "low", "er", "lower"]);
    expect(lengths).toEqual([25, 18, 11, 9, 7]);
  });

  it("takes the lowest ids of pairs that are as frequent, whatever the order of the texts", () => {
    const vocabulary = letters("abcd");
    const texts = ["cd", "ab", "bc"].map((word) => segmented(vocabulary, [word]));
    const merges = mergeBatch(texts, { vocabulary });
    expect(merges.merges.map(({ left, right }) => [left, right])).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    expect(mergeBatch(texts.toReversed(), { vocabulary })).toEqual(merges);
  });

  it("merges a run from the left", () => {
    const vocabulary = letters("a");
    const text = segmented(vocabulary, ["aaaaa"]);
    const { merges } = mergeBatch([text], { vocabulary, until: (merges) => merges === 1 });
    expect([...mergeApplier({ merges })(text)]).toEqual([1, 1, 0]);
  });

  it("never merges across a segment or a text", () => {
    const vocabulary = letters("ab");
    const texts = [
      segmented(vocabulary, ["a", "b"]),
      segmented(vocabulary, ["a"]),
      segmented(vocabulary, ["b"]),
    ];
    expect(mergeBatch(texts, { vocabulary }).merges).toEqual([]);
  });

  it("gives pairs with the same bytes the same token, and the vocabulary's own where it has one", () => {
    const vocabulary = letters("abc", ["bc"]);
    const text: SegmentedText = { ids: Uint32Array.of(0, 1, 2, 0, 3), starts: Uint8Array.of(1, 0, 0, 1, 0) };
    const { merges, tokens } = mergeBatch([text], { vocabulary });
    expect(merges).toEqual([
      { left: 0, right: 1, merged: 4 },
      { left: 0, right: 3, merged: 5 },
      { left: 4, right: 2, merged: 5 },
    ]);
    expect(tokens.map((bytes) => Buffer.from(bytes).toString())).toEqual(["ab", "abc"]);
    const own = mergeBatch([{ ids: Uint32Array.of(1, 2), starts: Uint8Array.of(1, 0) }], { vocabulary });
    expect(own).toMatchObject({ merges: [{ left: 1, right: 2, merged: 3 }], tokens: [] });
  });

  it("is the plain algorithm on random texts", () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = randomStream(seed, 0);
      const vocabulary = letters("abc".slice(0, 1 + (seed % 3)), ["ab", "ca"].slice(0, seed % 3));
      const texts = Array.from({ length: 1 + Math.floor(6 * random.uniform()) }, (): SegmentedText => {
        const ids = Uint32Array.from({ length: Math.floor(40 * random.uniform()) }, () =>
          Math.floor(vocabulary.size * random.uniform()),
        );
        return { ids, starts: Uint8Array.from(ids, () => (random.uniform() < 0.15 ? 1 : 0)) };
      });
      if (texts.every(({ ids }) => ids.length === 0)) continue;
      const expected = plainMerges(texts, { vocabulary, merges: 30, firstId: vocabulary.size + 3 });
      const found = mergeBatch(texts, {
        vocabulary,
        until: (merges) => merges === 30,
        firstId: vocabulary.size + 3,
      });
      expect(found).toEqual(expected);
      const apply = mergeApplier(found);
      for (const text of texts) expect([...apply(text)]).toEqual(plainlyMerged(text, found.merges));
    }
  });

  it.each(["pretoken", "word", "none"] as const)(
    "is the plain algorithm on stories, with boundaries %s",
    async (boundaries) => {
      const tokenizer = await loadTokenizer(SAMPLE_MODEL);
      const { documents } = await readText(SAMPLE_TEXT);
      const texts = await Promise.all(documents.map((text) => segmentText(tokenizer, text, boundaries)));
      const { vocabulary } = tokenizer;
      const expected = plainMerges(texts, { vocabulary, merges: 80 });
      const found = mergeBatch(texts, { vocabulary, until: (merges) => merges === 80 });
      expect(found).toEqual(expected);
      const written = texts.map(mergeApplier(found));
      expect(written.reduce((sum, { length }) => sum + length, 0)).toBe(found.lengths.at(-1));
      for (const [i, text] of texts.entries())
        expect([...written[i]]).toEqual(plainlyMerged(text, found.merges));
    },
  );

  it("ends at a number of tokens, with the merges that a longer run begins with", () => {
    const vocabulary = letters("abc");
    const text = segmented(vocabulary, ["abcabcab", "bca"]);
    const all = mergeBatch([text], { vocabulary });
    const some = mergeBatch([text], { vocabulary, until: (_, tokens) => tokens <= 6 });
    expect(some.lengths.at(-1)).toBeLessThanOrEqual(6);
    expect(some).toMatchObject(firstMerges(all, some.merges.length));
  });

  it("refuses a batch without tokens", () => {
    const vocabulary = letters("a");
    expect(() => mergeBatch([segmented(vocabulary, [])], { vocabulary })).toThrow(
      expect.objectContaining({ code: "bad_text" }),
    );
  });
});

describe("calibrateMerges", () => {
  const vocabulary = letters("abcde");
  // 24 tokens; merges leave 20 (ab), 17 (cd), 15 (de), 14 (ea)
  const texts = ["ab", "ab", "ab", "ab", "cd", "cd", "cd", "de", "de", "ea", "a", "b", "c", "d"].map((word) =>
    segmented(vocabulary, [word]),
  );
  const counts = (degrees: readonly MergeDegree[]) =>
    calibrateMerges(texts, degrees, { vocabulary }).reached.map(({ merges }) => merges);

  it("takes the fewest merges that reach a reduction", () => {
    expect(counts([0, 0.1, 1 / 6, 0.2, 0.3, 10 / 24].map((reduction) => ({ reduction })))).toEqual([
      0, 1, 1, 2, 3, 4,
    ]);
  });

  it("merges as far as the furthest degree", () => {
    const { batch, reached } = calibrateMerges(texts, [{ reduction: 0.2 }, { merges: 3 }], { vocabulary });
    expect(reached).toEqual([
      { degree: { reduction: 0.2 }, merges: 2 },
      { degree: { merges: 3 }, merges: 3 },
    ]);
    expect(batch.lengths).toEqual([24, 20, 17, 15]);
  });

  it("names the degrees that all merges do not reach, and says how far these come where there is no other", () => {
    const far = "the 4 merges that can be made leave 14 of 24 tokens, a reduction of 41.67%";
    expect(() => counts([{ reduction: 0.6 }, { merges: 5 }])).toThrow(
      `\`reduction: 60%\`, \`merges: 5\` cannot be reached: ${far}`,
    );
    const { reached, unreached } = calibrateMerges(texts, [{ reduction: 0.6 }, { merges: 1 }], {
      vocabulary,
    });
    expect(reached).toEqual([{ degree: { merges: 1 }, merges: 1 }]);
    expect(unreached).toEqual([{ reduction: 0.6 }]);
  });

  it("refuses what is no degree", () => {
    for (const degree of [{ reduction: 1 }, { reduction: -0.1 }, { merges: 1.5 }]) {
      expect(() => counts([degree])).toThrow(expect.objectContaining({ code: "bad_options" }));
    }
  });
});

/** A vocabulary of letters, and of longer tokens. */
function letters(characters: string, longer: readonly string[] = []): Vocabulary {
  return handMadeVocabulary([...characters, ...longer].map((token) => textToken(token)));
}

function segmented({ idsOf }: Vocabulary, segments: readonly string[]): SegmentedText {
  const ids = Uint32Array.from(
    segments.flatMap((text) => [...text].map((letter) => idsOf(Buffer.from(letter))[0])),
  );
  const starts = Uint8Array.from(segments.flatMap((text) => [...text].map((_, i) => (i === 0 ? 1 : 0))));
  return { ids, starts };
}
