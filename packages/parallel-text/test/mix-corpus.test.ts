import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type MixCorpusOptions, mixCorpus } from "@revocab/parallel-text";
import { scratchFolders } from "@revocab/test-support/folders";
import { realData } from "@revocab/test-support/real-data";
import { describe, expect, it } from "vitest";

const scratch = scratchFolders();

const FILES = {
  "en.txt": "the dog sleeps\n\nthe cat\nDOGS\n",
  "de.txt": "der Hund schläft\nleer\ndie Katze\nHUNDE\n",
  "dictionary.txt": "dog\tHund\ncat\tKatze\ndogs\tHunde\nwhale\tWal\n",
};

function place(files: Readonly<Record<string, string | Uint8Array>> = FILES) {
  const folder = scratch();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const at = (name: string) => join(folder, name);
  const mix = (options: Partial<MixCorpusOptions>) => mixCorpus({ out: at("out.txt"), ...options });
  return {
    folder,
    at,
    mix,
    parallel: { source: at("en.txt"), target: at("de.txt") },
    dictionary: at("dictionary.txt"),
    written: () => readFileSync(at("out.txt"), "utf8"),
  };
}

describe("mixCorpus", () => {
  it("swaps words by the dictionary both ways, and interleaves the lines", async () => {
    const { mix, parallel, dictionary, written, at } = place();
    expect(await mix({ parallel, dictionary, share: 1 })).toEqual({
      lines: 4,
      empty: 1,
      written: 9,
      source: { words: 6, replaceable: 3, replaced: 3 },
      target: { words: 6, replaceable: 3, replaced: 3 },
      dictionary: { pairs: 4, sourceKnown: 3, targetKnown: 3, bothKnown: 3 },
      out: at("out.txt"),
    });
    expect(written().split("\n")).toEqual([
      "the Hund sleeps",
      "der dog schläft",
      "the dog sleeps der Hund schläft",
      "the Katze",
      "die cat",
      "the cat die Katze",
      "HUNDE",
      "DOGS",
      "DOGS HUNDE",
      "",
    ]);
  });

  it("interleaves alone without a dictionary, and swaps alone without parallel lines", async () => {
    const { mix, parallel, dictionary, written, at } = place();
    expect(await mix({ parallel, wordsInPiece: 1 })).toMatchObject({ written: 3 });
    expect(written()).toBe("the der dog Hund sleeps schläft\nthe die cat Katze\nDOGS HUNDE\n");
    await mix({ text: at("en.txt"), targetText: at("de.txt"), dictionary, share: 1 });
    expect(written().split("\n").slice(0, 4)).toEqual([
      "the Hund sleeps",
      "der dog schläft",
      "leer",
      "the Katze",
    ]);
  });

  it("lets aligned words change places, and the dictionary have the rest", async () => {
    const { mix, parallel, dictionary, written } = place({ ...FILES, "links.txt": "0-0 2-2\n\n0-0\n\n" });
    const alignments = parallel.source.replace("en.txt", "links.txt");
    const mixed = await mix({ parallel, alignments, dictionary, share: 1, forms: ["swapped"] });
    expect(mixed.source).toEqual({ words: 6, replaceable: 6, replaced: 6 });
    expect(written().split("\n").slice(0, 4)).toEqual([
      "der Hund schläft",
      "the dog sleeps",
      "die Katze",
      "the cat",
    ]);
    await mix({ parallel, alignments, share: 1 });
    expect(written().split("\n").slice(0, 2)).toEqual(["der dog schläft", "the Hund sleeps"]);
  });

  it("gives the same text for the same seed, another for another, and its beginning for fewer lines", async () => {
    const many = { ...FILES, "en.txt": "the dog and the cat\n".repeat(300) };
    const { mix, at, dictionary, written } = place(many);
    const textOf = async (options: Partial<MixCorpusOptions>) => {
      await mix({ text: at("en.txt"), dictionary, ...options });
      return written();
    };
    const whole = await textOf({});
    expect(await textOf({})).toBe(whole);
    expect(await textOf({ seed: 1 })).not.toBe(whole);
    expect(whole.startsWith(await textOf({ maxLines: 100 }))).toBe(true);
    expect(new Set(whole.split("\n")).size).toBe(5);
  });

  it("replaces the share of words that was asked for, of those that can be", async () => {
    const { mix, at, dictionary } = place({ ...FILES, "en.txt": "the dog and the cat\n".repeat(5_000) });
    for (const share of [0, 0.3, 1]) {
      const { source } = await mix({ text: at("en.txt"), dictionary, share });
      expect(source).toMatchObject({ words: 25_000, replaceable: 10_000 });
      expect(Math.abs(source.replaced / 10_000 - share)).toBeLessThan(0.02);
    }
  });

  it.each([
    [/neither parallel texts nor a text/, {}],
    [/without a dictionary/, { text: "en.txt" }],
    [/both parallel texts and a text/, { parallel: true, text: "en.txt" }],
    [/swapped lines .* without a dictionary/, { parallel: true, forms: ["swapped"] }],
    [/joined lines .* without parallel/, { text: "en.txt", dictionary: "dictionary.txt", forms: ["joined"] }],
    [/alignments .* without the parallel texts/, { text: "en.txt", alignments: "dictionary.txt" }],
    [/words is "letters"/, { parallel: true, words: "letters" }],
    [/share is 1.5/, { parallel: true, share: 1.5 }],
    [/wordsInPiece is 0/, { parallel: true, wordsInPiece: 0 }],
    [/maxLines is 0/, { parallel: true, maxLines: 0 }],
  ])("refuses what it cannot do: %s", async (message, asked) => {
    const { mix, parallel, at, folder } = place();
    const options = {
      ...asked,
      ...("parallel" in asked && { parallel }),
      ...("text" in asked && { text: at(asked.text) }),
      ...("dictionary" in asked && { dictionary: at(asked.dictionary) }),
    };
    await expect(mix(options as Partial<MixCorpusOptions>)).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringMatching(message),
    });
    expect(readdirSync(folder)).not.toContain("out.txt");
  });

  it("says what is wrong with the files, and leaves nothing", async () => {
    const { mix, parallel, dictionary, at, folder } = place({
      ...FILES,
      "short.txt": "der Hund\n",
      "turned.txt": "Hund\tdog\n",
      "no-tabs.txt": "dog Hund\n",
      "latin1.txt": Uint8Array.of(0x61, 0x0a, 0xe4, 0x0a),
    });
    const before = readdirSync(folder);
    const short = { source: at("en.txt"), target: at("short.txt") };
    await expect(mix({ parallel: short })).rejects.toThrow(/has 4 lines and .*short.txt has 1/);
    await expect(mix({ text: at("en.txt"), dictionary: at("turned.txt") })).rejects.toMatchObject({
      code: "no_evidence",
    });
    await expect(mix({ parallel, alignments: at("short.txt") })).rejects.toThrow(
      /short.txt has 1 lines and the parallel texts have 4/,
    );
    await expect(mix({ parallel, alignments: at("dictionary.txt") })).rejects.toThrow(/line 1 has "dog"/);
    await expect(mix({ parallel, dictionary: at("no-tabs.txt") })).rejects.toThrow(/line 1 has no tab/);
    await expect(mix({ text: at("latin1.txt"), dictionary })).rejects.toThrow(/line 2 is not UTF-8/);
    await expect(mix({ text: at("nowhere.txt"), dictionary })).rejects.toMatchObject({
      code: "missing_file",
    });
    await expect(mix({ parallel, job: { abortSignal: AbortSignal.abort() } })).rejects.toMatchObject({
      code: "aborted",
    });
    expect(readdirSync(folder)).toEqual(before);
  });
});

describe.skipIf(realData === undefined)("mixCorpus on captions", () => {
  it("replaces a share of the words of both languages", async () => {
    const { mix } = place();
    const { source, target, dictionary } = await mix({
      parallel: { source: `${realData}/text/multi30k.en.txt`, target: `${realData}/text/multi30k.de.txt` },
      dictionary: `${realData}/dictionaries/english-german.txt`,
      maxLines: 2_000,
    });
    for (const { words, replaceable, replaced } of [source, target]) {
      expect(replaceable / words).toBeGreaterThan(0.5);
      expect(Math.abs(replaced / replaceable - 0.3)).toBeLessThan(0.02);
    }
    expect(dictionary?.bothKnown).toBeGreaterThan(500);
  });
});
