import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realData } from "@revocab/test-support/real-data";
import { caseVariants, coverageOf, readDictionary } from "@revocab/vocab-alignment";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "revocab-dictionary-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a dictionary", () => {
  it("is read line by line; the same pair counts once", async () => {
    const path = await write("\ufeffdog\tHund\r\n\ndog \t Köter\r\ndog\tHund\nfree of charge\tumsonst");
    expect(await readDictionary(path)).toEqual({
      path,
      pairs: [
        { source: "dog", target: "Hund" },
        { source: "dog", target: "Köter" },
        { source: "free of charge", target: "umsonst" },
      ],
      duplicates: 1,
    });
  });

  it.each([
    ["without a tab", "dog\tHund\ncat Katze\n", /line 2 has no tab, expected one: "cat Katze"/],
    ["with three columns", "dog\tHund\tn.\n", /line 1 has 2 tabs, expected one/],
    ["with no source word", "dog\tHund\n\t Katze\n", /line 2 has no word before its tab/],
    ["with no target word", "dog\tHund\ncat\t\n", /line 2 has no word after its tab/],
    ["that is not UTF-8", Buffer.from("dog\tHund\nbear\tB\xe4r\n", "latin1"), /line 2 is not UTF-8/],
    ["cut within a character", Buffer.from([0x61, 0x09, 0xc3]), /line 1 is not UTF-8/],
    ["that is empty", "\n\n", /holds no pair of words/],
  ])("%s is refused with its line", async (_, content, message) => {
    const path = await write(content);
    await expect(readDictionary(path)).rejects.toThrow(message);
    await expect(readDictionary(path)).rejects.toMatchObject({
      name: "RevocabError",
      code: "bad_text",
      message: expect.stringContaining(path),
      hint: expect.stringContaining("dog<TAB>Hund"),
    });
  });

  it("that is not there is missing, and a folder is none", async () => {
    await expect(readDictionary(join(folder, "nothing"))).rejects.toMatchObject({ code: "missing_file" });
    await expect(readDictionary(folder)).rejects.toMatchObject({ code: "bad_file" });
  });

  it.skipIf(!realData).each([
    ["english-german.txt", 60_708],
    ["english-swahili.txt", 5_325],
  ])("from Wiktionary is read whole: %s", async (name, lines) => {
    const { pairs, duplicates } = await readDictionary(join(realData as string, "dictionaries", name));
    expect(pairs.length + duplicates).toBe(lines);
    expect(pairs[0]).toEqual(name === "english-german.txt" ? pair("free", "frei") : pair("die", "fa"));
  });

  async function write(content: string | Buffer): Promise<string> {
    const path = join(folder, "words.txt");
    await writeFile(path, content);
    return path;
  }
});

it("coverage counts a pair by any of its case variants", () => {
  const source = knownWords("dog", "Cat");
  const target = knownWords("hund", "baum");
  const pairs = [pair("Dog", "Hund"), pair("cat", "Katze"), pair("tree", "Baum"), pair("bird", "Vogel")];
  expect(coverageOf({ pairs }, source, target)).toEqual({
    pairs: 4,
    sourceKnown: 2,
    targetKnown: 2,
    bothKnown: 1,
  });
});

it.each([
  ["dog", ["dog", "dog", "Dog"]],
  ["NATO", ["NATO", "nato", "Nato"]],
  ["free of charge", ["free of charge", "free of charge", "Free Of Charge"]],
  ["don't", ["don't", "don't", "Don'T"]],
  ["élan 3rd", ["élan 3rd", "élan 3rd", "Élan 3Rd"]],
  ["𐐨𐐨", ["𐐨𐐨", "𐐨𐐨", "𐐀𐐨"]],
])("the case variants of %s are those of Python's lower and title", (word, expected) => {
  expect(caseVariants(word)).toEqual(expected);
});

function knownWords(...words: string[]) {
  const places = new Map(words.map((word, place) => [word, place]));
  return { indexOf: (word: string) => places.get(word) };
}

function pair(source: string, target: string) {
  return { source, target };
}
