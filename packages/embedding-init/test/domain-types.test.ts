import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { InitContext, Job, ProgressEvent } from "@revocab/core";
import {
  type DomainTypesOptions,
  domainTypes,
  planTable,
  readTypedTerms,
  subtokenMean,
  type TypedTerm,
  withFallback,
} from "@revocab/embedding-init";
import { mixtureRow } from "@revocab/matrix";
import { describeMethodContract } from "@revocab/test-support/contract";
import { makeContext, makeTables, TARGET_VOCABULARY } from "@revocab/test-support/contract-models";
import { scratchFolders } from "@revocab/test-support/folders";
import { handMadeVocabulary, special, text, textBytes } from "@revocab/test-support/hand-made-vocabulary";
import { alignVocabularies } from "@revocab/vocab-alignment";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/** Terms that both contract vocabularies have tokens of. */
const LETTERS: readonly TypedTerm[] = [
  { term: "a", types: ["vowel"] },
  { term: "b", types: ["consonant"] },
  { term: "c", types: ["consonant", "soft"] },
  { term: "ab", types: ["syllable"] },
  { term: "abc", types: ["vowel", "syllable"] },
  { term: "jig", types: ["consonant"] },
  { term: "cab cab", types: ["vowel", "soft"] },
  { term: "aa", types: ["lonely"] },
];
describeMethodContract("domain-types", () => domainTypes({ types: LETTERS }));
describeMethodContract("domain-types by spelling", () =>
  domainTypes({ types: LETTERS, known: "spelling", weight: 0.9, terms: 2 }),
);
describeMethodContract("domain-types, else subtoken-mean", () =>
  withFallback(domainTypes({ types: LETTERS, case: "any" }), subtokenMean()),
);

const source = handMadeVocabulary([
  special("<s>", "bos"),
  ...[" dog", "dog", " cat", "fly", " red", " green", "o", "t", "er", " ", "B", "l", "ue", "x"].map((word) =>
    text(word),
  ),
]);
const target = handMadeVocabulary([
  special("<s>", "bos"),
  ...[" otter", "otter", " Blue", " dog", " xx", " t-er"].map((word) => text(word)),
  textBytes("cut", 0x6f, 0xff),
  text(" toter"),
]);
const TERMS: readonly TypedTerm[] = [
  { term: "otter", types: ["animal"] },
  { term: "dog", types: ["animal"] },
  { term: "cat", types: ["animal", "pet"] },
  { term: "blue", types: ["color"] },
  { term: "red", types: ["color"] },
  { term: "green", types: ["color"] },
  { term: "xx", types: ["lonely"] },
  { term: "toter", types: ["animal"] },
  { term: "fly", types: ["animal"] },
];
const [input] = makeTables();

function contextOf(onProgress?: Job["onProgress"]): InitContext {
  return {
    ...makeContext(TARGET_VOCABULARY, makeTables()),
    source: { vocabulary: source, tables: [input] },
    target: { vocabulary: target },
    alignment: alignVocabularies({ source, target }),
    job: { onProgress },
  };
}

async function rowsOf(options: Partial<DomainTypesOptions>, context = contextOf()) {
  const method = domainTypes({ types: TERMS, weight: 0.5, ...options });
  const { mixture } = await planTable({ context, method, table: input });
  return Array.from({ length: target.size }, (_, id) => {
    const { sources, weights } = mixtureRow(mixture, id);
    return Object.fromEntries(
      Array.from(sources, (one, i) => [source.tokenOf(one), Math.round(weights[i] * 1e4) / 1e4] as const),
    );
  });
}

describe("domain-types", () => {
  it("makes a term of its spelling and of the known terms of its type, with a space before them if the token has one", async () => {
    const [, spaced, bare] = await rowsOf({});
    // " otter" = " " o t t er: 5 pieces. Two known animals, so w_2 = ½ · 2 / 2½ = 0.4: a fifth for each, and 0.6 / 5 a piece.
    expect(spaced).toEqual({ " ": 0.12, o: 0.12, t: 0.24, er: 0.12, " dog": 0.2, " cat": 0.2 });
    // without a space there are three, for which a term after a space will do: w_3 = ½ · 3 / 3½ = 3/7
    expect(bare).toEqual({ o: 0.1429, t: 0.2857, er: 0.1429, dog: 0.1429, " cat": 0.1429, fly: 0.1429 });
  });

  it("leaves words that are no term, and terms that no known term shares a type with, to their spelling", async () => {
    const rows = await rowsOf({});
    expect(rows[3]).toEqual({ " ": 0.25, B: 0.25, l: 0.25, ue: 0.25 });
    expect(rows[5]).toEqual({ " ": 0.3333, x: 0.6667 });
    expect(rows[6]).toEqual({});
    expect(rows[7]).toEqual({});
  });

  it("copies what both vocabularies have, and has no evidence for specials", async () => {
    const rows = await rowsOf({});
    expect(rows[4]).toEqual({ " dog": 1 });
    expect(rows[0]).toEqual({});
  });

  it("finds a term in any case when asked", async () => {
    const rows = await rowsOf({ case: "any" });
    expect(rows[3]).toEqual({ " ": 0.15, B: 0.15, l: 0.15, ue: 0.15, " red": 0.2, " green": 0.2 });
  });

  it("knows terms that the source spells when asked, but never the term itself", async () => {
    const rows = await rowsOf({ known: "spelling", weight: 1 });
    // the quarters of " dog", " cat", " " + "t" + "o" + "t" + "er" and " " + "fly"
    expect(rows[1]).toEqual({
      " dog": 0.25,
      " cat": 0.25,
      " ": 0.175,
      t: 0.1,
      o: 0.05,
      er: 0.05,
      fly: 0.125,
    });
  });

  it("weighs types by the weight given, from spelling alone to types alone", async () => {
    expect((await rowsOf({ weight: 0 }))[2]).toEqual({ o: 0.25, t: 0.5, er: 0.25 });
    expect((await rowsOf({ weight: 1 }))[2]).toEqual({ dog: 0.3333, " cat": 0.3333, fly: 0.3333 });
    expect((await rowsOf({ weight: 1 }))[5]).toEqual({ " ": 0.3333, x: 0.6667 });
    expect((await rowsOf({ terms: 1 }))[2]).toEqual({ o: 0.1667, t: 0.3333, er: 0.1667, dog: 0.3333 });
  });

  it("takes the terms that share most types first", async () => {
    const types = [{ term: "otter", types: ["animal", "pet"] }, ...TERMS.slice(1)];
    expect(Object.keys((await rowsOf({ types, terms: 1 }))[2])).toContain(" cat");
  });

  it("gives rows that are convex, whatever the terms", async () => {
    const word = fc.constantFrom("otter", "dog", "cat", "blue", "Blue", "xx", "toter", "t-er", "nowhere");
    const type = fc.constantFrom("a", "b", "c");
    const terms = fc.uniqueArray(fc.record({ term: word, types: fc.uniqueArray(type, { minLength: 1 }) }), {
      selector: ({ term }) => term,
    });
    const options = {
      weight: fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true })),
      known: fc.constantFrom("token" as const, "spelling" as const),
      case: fc.constantFrom("exact" as const, "any" as const),
    };
    await fc.assert(
      fc.asyncProperty(terms, fc.record(options), async (types, chosen) => {
        for (const row of await rowsOf({ types, ...chosen })) {
          const weights = Object.values(row);
          expect(weights.every((weight) => weight >= 0)).toBe(true);
          const sum = weights.reduce((total, weight) => total + weight, 0);
          if (weights.length > 0) expect(Math.abs(sum - 1)).toBeLessThan(1e-3);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("says how far the terms reach", async () => {
    const events: ProgressEvent[] = [];
    await rowsOf(
      {},
      contextOf((event) => events.push(event)),
    );
    expect(events.filter(({ type }) => type === "note")).toEqual([
      {
        type: "note",
        step: "domain-types",
        message:
          "of 7 new tokens, 4 are among the 9 terms, and 3 have a known term of their types; the others are their spelling",
      },
    ]);
  });

  it("refuses numbers and words that it has no meaning for", () => {
    const refused = (options: object) => () => domainTypes({ types: TERMS, ...options });
    expect(refused({ weight: 1.5 })).toThrow(/weight is 1.5/);
    expect(refused({ terms: 0 })).toThrow(/terms is 0/);
    expect(refused({ known: "all" })).toThrow(/known is "all", expected token or spelling/);
    expect(refused({ case: "lower" })).toThrow(/case is "lower"/);
  });
});

describe("a file of terms", () => {
  const folder = scratchFolders();
  async function read(name: string, content: string | Uint8Array): Promise<readonly TypedTerm[]> {
    const path = join(folder(), name);
    writeFileSync(path, content);
    return readTypedTerms(path);
  }
  const DOG_AND_RED = [
    { term: "dog", types: ["animal", "pet"] },
    { term: "red", types: ["color"] },
  ];

  it.each([
    ["types with commas between", "t.tsv", "dog\tanimal, pet\n\nred\tcolor\n"],
    ["a column for each type", "t.tsv", "\ufeffdog\tanimal\tpet\r\nred\tcolor\r\n"],
    ["a line for each type", "t.txt", "dog\tanimal\nred\tcolor\ndog\tpet\ndog\tanimal\n"],
    ["an object", "t.json", '{"dog": ["animal", "pet"], "red": ["color"]}'],
    [
      "a list",
      "t.JSON",
      '[{"term": "dog", "types": ["animal", "pet"]}, {"term": "red", "types": ["color"]}]',
    ],
  ])("may have %s", async (_, name, content) => {
    expect(await read(name, content)).toEqual(DOG_AND_RED);
  });

  it("keeps the commas of types in columns of their own", async () => {
    expect(await read("t.tsv", "insulin\tHormone\tAmino Acid, Peptide, or Protein\n")).toEqual([
      { term: "insulin", types: ["Hormone", "Amino Acid, Peptide, or Protein"] },
    ]);
  });

  it.each([
    ["t.tsv", "dog\tanimal\ncat\n", /t\.tsv, line 2 has no tab: "cat"/],
    ["t.tsv", "dog\t \n", /line 1 has a term without a type/],
    ["t.tsv", "dog\tanimal,,pet\n", /line 1 has a term without a type/],
    ["t.tsv", "\tanimal\n", /line 1 has no term before its tab/],
    ["t.tsv", Uint8Array.of(0x61, 0x09, 0x61, 0x0a, 0xe4, 0x09, 0x61), /line 2 is not UTF-8/],
    ["t.tsv", "\n \n", /holds no term/],
    ["t.json", "{}", /holds no term/],
    ["t.json", "{", /t\.json: found JSON that is cut short/],
    ["t.json", '{"dog": "animal"}', /its entry dog is "animal"/],
    ["t.json", '{"dog": []}', /its entry dog is \[\]/],
    ["t.json", '{"dog": ["animal", 3]}', /its entry dog\.1 is 3/],
    ["t.json", '[{"term": "dog"}]', /its entry 0\.types is missing/],
    ["t.json", "3", /it is 3/],
  ])("is refused: %s with %j", async (name, content, message) => {
    await expect(read(name, content)).rejects.toMatchObject({
      code: "bad_text",
      message: expect.stringMatching(message),
      hint: expect.any(String),
    });
  });

  it("is missed by its path", async () => {
    await expect(readTypedTerms(join(folder(), "nowhere.tsv"))).rejects.toMatchObject({
      code: "missing_file",
    });
  });
});
