import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { InitContext } from "@revocab/core";
import { focus, ofa, planTable, subtokenMean, wechsel, withFallback } from "@revocab/embedding-init";
import { mixtureRow, randomStream } from "@revocab/matrix";
import { describeMethodContract } from "@revocab/test-support/contract";
import { makeContext, makeTables, TARGET_VOCABULARY } from "@revocab/test-support/contract-models";
import { scratchFolders } from "@revocab/test-support/folders";
import { handMadeVocabulary, special, text } from "@revocab/test-support/hand-made-vocabulary";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { readWordVectors, trainWordVectors, type WordVectors, writeFastText } from "@revocab/word-vectors";
import { describe, expect, it } from "vitest";

/** Vectors of a few words; any other word has none. */
function vectorsOf(known: Readonly<Record<string, readonly number[]>>, hasSubwords = true): WordVectors {
  const words = Object.keys(known);
  const dimension = Object.values(known)[0].length;
  const vectorOf = (word: string) =>
    Object.hasOwn(known, word) ? Float32Array.from(known[word]) : undefined;
  return {
    dimension,
    words,
    counts: undefined,
    hasSubwords,
    indexOf: (word) => (words.includes(word) ? words.indexOf(word) : undefined),
    vectorOf,
    rows: (start, count) => ({
      rows: count,
      columns: dimension,
      data: Float32Array.from(words.slice(start, start + count).flatMap((word) => known[word])),
    }),
  };
}

/** A vector of its own for every word, but for those with a j. */
const RANDOM: WordVectors = {
  ...vectorsOf({ a: [1, 0, 0, 0] }),
  vectorOf(word) {
    if (word.includes("j")) return undefined;
    const stream = randomStream(
      1,
      Array.from(word).reduce((sum, one) => sum * 31 + (one.codePointAt(0) ?? 0), 7) % 1e6,
    );
    return Float32Array.from({ length: 4 }, () => stream.normal());
  },
};

const scratch = scratchFolders();

describeMethodContract("focus", () => focus({ auxiliary: RANDOM }));
describeMethodContract("wechsel", () => wechsel({ sourceVectors: RANDOM, targetVectors: RANDOM }));
/** Words that are written with tokens of both contract vocabularies. */
const WORDS = vectorsOf(
  { ab: [1, 0, 0], cab: [0, 1, 0], ga: [0, 0, 1], abab: [1, 1, 0], fig: [0, 1, 1] },
  false,
);
const encodeWith = (vocabulary: InitContext["target"]["vocabulary"]) => async (word: string) =>
  vocabulary.spell(new TextEncoder().encode(word)) ?? new Uint32Array(0);
describeMethodContract("ofa", () => ofa({ sourceVectors: WORDS, targetVectors: WORDS }), {
  contextFor: (vocabulary, tables) => {
    const context = makeContext(vocabulary, tables);
    return {
      ...context,
      source: { ...context.source, encode: encodeWith(context.source.vocabulary) },
      target: { ...context.target, encode: encodeWith(context.target.vocabulary) },
    };
  },
});
describeMethodContract("a chain after focus", () =>
  withFallback(focus({ auxiliary: RANDOM }), subtokenMean()),
);

const source = handMadeVocabulary([
  special("<s>", "bos"),
  ...["dog", " dog", "cat", "fish", "x"].map((word) => text(word)),
]);
const target = handMadeVocabulary([
  special("<s>", "bos"),
  ...[" Hund", "Katze", "cat", "unheard"].map((word) => text(word)),
]);
const [input] = makeTables();

function contextOf(encode?: Readonly<Record<string, readonly number[]>>): InitContext {
  const side = encode && { encode: async (word: string) => Uint32Array.from(encode[word] ?? []) };
  return {
    ...makeContext(TARGET_VOCABULARY, makeTables()),
    source: { vocabulary: source, tables: [input], ...side },
    target: { vocabulary: target, ...side },
    alignment: alignVocabularies({ source, target }),
  };
}

async function rowsOf(method: Parameters<typeof planTable>[0]["method"], context = contextOf()) {
  const { mixture } = await planTable({ context, method, table: input });
  return Array.from({ length: target.size }, (_, id) => {
    const { sources, weights } = mixtureRow(mixture, id);
    return Object.fromEntries(Array.from(sources, (one, i) => [source.tokenOf(one), weights[i]]));
  });
}

describe("wechsel", () => {
  const english = vectorsOf({ dog: [1, 0], cat: [0, 1], fish: [-1, 0] });
  const german = vectorsOf({ Hund: [2, 0], Katze: [0.1, 3] });

  it("makes a token of the source tokens nearest in meaning, spaces around them aside", async () => {
    const [begin, hund, katze, , unheard] = await rowsOf(
      wechsel({ sourceVectors: english, targetVectors: german, neighbors: 2 }),
    );
    expect(hund).toEqual({ dog: 0.5, " dog": 0.5 });
    expect(Object.keys(katze)[0]).toBe("cat");
    expect(katze.cat).toBeGreaterThan(0.99);
    expect(begin).toEqual({});
    expect(unheard).toEqual({});
  });

  it("turns a space by a dictionary first: what is far apart as given is near then", async () => {
    const turned = vectorsOf({ Hund: [0, 2], Katze: [-3, 0.1], Fisch: [0, -2] });
    const [, hund] = await rowsOf(
      wechsel({
        sourceVectors: english,
        targetVectors: turned,
        dictionary: [
          { source: "dog", target: "Hund" },
          { source: "cat", target: "Katze" },
          { source: "fish", target: "Fisch" },
        ],
        neighbors: 2,
      }),
    );
    expect(Object.keys(hund).sort()).toEqual([" dog", "dog"]);
  });

  it("makes nothing of n-grams that no word of a file has: the token is counted, and goes to the fallback", async () => {
    const path = join(scratch(), "words.bin");
    const text = join(scratch(), "text.txt");
    writeFileSync(text, "dog cat fish Hund Katze cat dog fish dog Hund Katze\n".repeat(20));
    const model = await trainWordVectors({
      documents: text,
      ...{
        dimension: 4,
        minCount: 1,
        minN: 3,
        maxN: 4,
        buckets: 100,
        epochs: 1,
        job: { threads: 1 },
        seed: 0,
      },
    });
    await writeFastText(path, model);
    expect((await readWordVectors(path)).vectorOf("unheard")).toBeDefined();
    const rows = await rowsOf(wechsel({ sourceVectors: path, targetVectors: path, neighbors: 2 }));
    expect(Object.keys(rows[1])).toHaveLength(2);
    expect(rows[4]).toEqual({});
  });

  it("refuses spaces of different widths without a dictionary, and wrong numbers", async () => {
    const wide = vectorsOf({ Hund: [1, 2, 3] });
    await expect(rowsOf(wechsel({ sourceVectors: english, targetVectors: wide }))).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringMatching(/2 numbers.* 3/),
    });
    expect(() => wechsel({ sourceVectors: english, targetVectors: german, neighbors: 0 })).toThrow(
      /neighbors is 0/,
    );
    expect(() => wechsel({ sourceVectors: english, targetVectors: german, temperature: 0 })).toThrow(
      /temperature/,
    );
  });
});

describe("ofa", () => {
  it("takes a token's vector from the words that are written with it, the frequent ones more", async () => {
    const vectors = { ...vectorsOf({ big: [1, 0], small: [0, 1] }, false), counts: Float64Array.of(3, 1) };
    const written = { big: [1], " big": [2], small: [3], " small": [3] };
    const rows = await rowsOf(
      ofa({ sourceVectors: vectors, targetVectors: vectors, neighbors: 1 }),
      contextOf(written),
    );
    // target ids 1, 2 and 3 have the vectors of big, big and small; the sources 1, 2 and 3 likewise
    expect(rows[1]).toEqual({ dog: 1 });
    expect(rows[3]).toEqual({ cat: 1 });
    expect(rows[4]).toEqual({});
  });

  it("needs the tokenizers, for words are to be written", async () => {
    const vectors = vectorsOf({ big: [1, 0] }, false);
    await expect(rowsOf(ofa({ sourceVectors: vectors, targetVectors: vectors }))).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringContaining("no n-grams"),
    });
  });
});

describe("focus", () => {
  it("copies what is shared and sums it by sparsemax for the rest", async () => {
    const auxiliary = vectorsOf({ " Hund": [1, 1], Katze: [0, 2], cat: [0, 1] });
    const rows = await rowsOf(focus({ auxiliary }));
    expect(rows[3]).toEqual({ cat: 1 });
    expect(rows[2]).toEqual({ cat: 1 });
    expect(rows[1]).toEqual({ cat: 1 });
    expect(rows[4]).toEqual({});
  });

  it("wants text or vectors, not both and not neither", () => {
    expect(() => focus({})).toThrow(/neither text nor auxiliary/);
    expect(() => focus({ text: "a.txt", auxiliary: "b.bin" })).toThrow(/both/);
    expect(() => focus({ text: "a.txt", minCount: 0 })).toThrow(/minCount is 0/);
  });
});
