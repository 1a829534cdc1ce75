import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ProgressEvent } from "@revocab/core";
import { scratchFolders } from "@revocab/test-support/folders";
import { ngramBuckets, readFastText } from "@revocab/word-vectors";
import { describe, expect, it } from "vitest";

const fixtures = fileURLToPath(new URL("fixtures/fasttext/", import.meta.url));

interface Expected {
  readonly words: string[];
  readonly counts: number[];
  readonly rows: Record<string, number[]>;
  readonly vectors: Record<string, number[]>;
}
const expected = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8")) as Record<
  string,
  Expected
>;

const SHAPES: Readonly<Record<string, { minN: number; maxN: number; buckets: number }>> = {
  skipgram: { minN: 3, maxN: 6, buckets: 50 },
  cbow: { minN: 1, maxN: 3, buckets: 37 },
  supervised: { minN: 2, maxN: 4, buckets: 40 },
  plain: { minN: 0, maxN: 0, buckets: 0 },
  "supervised-words": { minN: 0, maxN: 0, buckets: 0 },
};

const newFolder = scratchFolders();

describe.each(Object.entries(SHAPES))("a %s model of fastText's", (name, shape) => {
  const path = join(fixtures, `${name}.bin`);
  const { words, counts, rows, vectors } = expected[name] as Expected;

  it("has the words and counts that fastText lists", async () => {
    const read = await readFastText(path);
    expect(read.words).toEqual(words);
    expect([...(read.counts as Float64Array)]).toEqual(counts);
    expect(read.hasSubwords).toBe(shape.maxN > 0);
    expect(words.map((word) => read.indexOf(word))).toEqual(words.map((_, i) => i));
  });

  it("has fastText's own vectors, known words and unseen ones, bit for bit", async () => {
    const read = await readFastText(path);
    for (const [word, vector] of Object.entries(vectors)) {
      // fastText takes the rank of a label for a row of the matrix; revocab knows labels as unseen words.
      if (word.startsWith("__label__") && name.startsWith("supervised")) continue;
      const isUnknown = shape.maxN === 0 && !words.includes(word);
      // Without n-grams fastText says zeros for an unseen word, revocab that nothing is known.
      if (isUnknown) expect([...vector, read.vectorOf(word)]).toEqual([...new Array(6).fill(0), undefined]);
      else expect([word, ...(read.vectorOf(word) ?? [])]).toEqual([word, ...vector]);
    }
  });

  it("has the same vectors by rows as by words", async () => {
    const read = await readFastText(path);
    const { data } = read.rows(1, 3);
    expect([...data]).toEqual(
      [1, 2, 3].flatMap((i) => [...(read.vectorOf(words[i] as string) as Float32Array)]),
    );
    expect(() => read.rows(words.length, 1)).toThrow(RangeError);
  });

  it("hashes n-grams into the buckets that fastText finds", () => {
    for (const [word, expectedRows] of Object.entries(rows)) {
      if (word === "</s>" || word.startsWith("__label__")) continue;
      const own = words.indexOf(word);
      const found = ngramBuckets(word, shape).map((bucket) => words.length + bucket);
      expect([word, ...(own < 0 ? found : [own, ...found])]).toEqual([word, ...expectedRows]);
    }
  });
});

describe("n-grams", () => {
  it("are hashed by FNV-1a: the hash of the letter a is e40c292c, as its authors list it", () => {
    expect(ngramBuckets("a", { minN: 1, maxN: 1, buckets: 2 ** 32 })).toEqual([0xe40c292c]);
  });

  it("are runs of characters, not of bytes: <ü> has two of two and one of three", () => {
    expect(ngramBuckets("ü", { minN: 2, maxN: 3, buckets: 1000 })).toHaveLength(3);
  });

  it("are made of the bytes of a word that is not UTF-8", () => {
    const shape = { minN: 3, maxN: 6, buckets: 1000 };
    expect(ngramBuckets(new TextEncoder().encode("über"), shape)).toEqual(ngramBuckets("über", shape));
    expect(ngramBuckets(Uint8Array.of(0x63, 0xe9), shape)).not.toEqual(ngramBuckets("c\ufffd", shape));
  });
});

describe("reading with maxWords", () => {
  it("lists the first words only, and knows the others by their n-grams", async () => {
    const [all, some] = await Promise.all([
      readFastText(join(fixtures, "skipgram.bin")),
      readFastText(join(fixtures, "skipgram.bin"), { maxWords: 4 }),
    ]);
    expect(some.words).toEqual(all.words.slice(0, 4));
    expect(some.rows(0, 4)).toEqual(all.rows(0, 4));
    expect(some.counts).toHaveLength(4);
    expect(some.vectorOf("Hunde")).toEqual(all.vectorOf("Hunde"));
    expect(some.indexOf("Hund")).toBeUndefined();
    expect(some.vectorOf("Hund")).not.toEqual(all.vectorOf("Hund"));
  });

  it("knows nothing of the others where words have no n-grams", async () => {
    const [all, some] = await Promise.all([
      readFastText(join(fixtures, "plain.bin")),
      readFastText(join(fixtures, "plain.bin"), { maxWords: 4 }),
    ]);
    expect(some.rows(0, 4)).toEqual(all.rows(0, 4));
    expect(some.vectorOf("Hund")).toBeUndefined();
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses %s words", async (maxWords) => {
    await expect(readFastText(join(fixtures, "plain.bin"), { maxWords })).rejects.toMatchObject({
      code: "bad_options",
    });
  });
});

describe("fastText's older files", () => {
  it("of version 11 have no n-grams in a classifier, as fastText itself reads them", async () => {
    const path = join(newFolder(), "old.bin");
    writeFileSync(path, withVersion(readFileSync(join(fixtures, "supervised.bin")), 11));
    const [old, current] = await Promise.all([
      readFastText(path),
      readFastText(join(fixtures, "supervised.bin")),
    ]);
    expect(old.hasSubwords).toBe(false);
    expect(old.words).toEqual(current.words);
    expect(old.vectorOf("Hund")).not.toEqual(current.vectorOf("Hund"));
    expect(old.vectorOf("Hunde")).toBeUndefined();
  });

  it("of version 11 are those of version 12 in an unsupervised model", async () => {
    const path = join(newFolder(), "old.bin");
    writeFileSync(path, withVersion(readFileSync(join(fixtures, "skipgram.bin")), 11));
    const [old, current] = await Promise.all([
      readFastText(path),
      readFastText(join(fixtures, "skipgram.bin")),
    ]);
    expect(old.rows(0, old.words.length)).toEqual(current.rows(0, current.words.length));
  });
});

describe("a word that is not UTF-8", () => {
  it("is listed with U+FFFD, is noted, and keeps the vector of its bytes", async () => {
    const path = join(newFolder(), "latin1.bin");
    const bytes = Buffer.from(readFileSync(join(fixtures, "skipgram.bin")));
    // "über" in Latin-1 with one more letter has as many bytes: e9 alone is no UTF-8.
    const at = bytes.indexOf(Buffer.from("über\0"));
    bytes.set([0xfc, 0x62, 0x65, 0x72, 0x73], at);
    writeFileSync(path, bytes);
    const events: ProgressEvent[] = [];
    const read = await readFastText(path, { job: { onProgress: (event) => events.push(event) } });
    const index = read.indexOf("\ufffdbers") as number;
    expect(index).toBe((expected.skipgram as Expected).words.indexOf("über"));
    expect(events.filter(({ type }) => type === "note")).toHaveLength(1);

    const input = bytes.subarray(bytes.length - 4 * 6 * (2 * read.words.length + 50) - 17);
    const row = (number: number) =>
      Array.from({ length: 6 }, (_, i) => input.readFloatLE(4 * (6 * number + i)));
    const spelling = Uint8Array.of(0xfc, 0x62, 0x65, 0x72, 0x73);
    const buckets = ngramBuckets(spelling, { minN: 3, maxN: 6, buckets: 50 });
    const rows = [index, ...buckets.map((bucket) => read.words.length + bucket)].map(row);
    const vector = read.vectorOf("\ufffdbers") as Float32Array;
    for (let i = 0; i < 6; i++) {
      const mean = rows.reduce((sum, values) => sum + (values[i] as number), 0) / rows.length;
      expect(vector[i]).toBeCloseTo(mean, 6);
    }
  });
});

function withVersion(bytes: Uint8Array, version: number): Uint8Array {
  const changed = Buffer.from(bytes);
  changed.writeInt32LE(version, 4);
  return changed;
}
