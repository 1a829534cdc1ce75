import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { scratchFolders } from "@revocab/test-support/folders";
import {
  type FastTextModel,
  readFastText,
  readTextVectors,
  vectorsOfModel,
  writeFastText,
  writeTextVectors,
} from "@revocab/word-vectors";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { appendDecimal, LONGEST_DECIMAL } from "../src/files/decimals.ts";

const newFolder = scratchFolders();

describe("a model written as a fastText file", () => {
  it.each([
    ["with n-grams", 3, 40],
    ["without n-grams", 0, 0],
  ])("%s is read as the model in memory, bit for bit", async (_, maxN, buckets) => {
    const model = makeModel(maxN, buckets);
    const path = join(newFolder(), "model.bin");
    await writeFastText(path, model);
    const [memory, file] = [vectorsOfModel(model), await readFastText(path)];
    expect(file.words).toEqual(memory.words);
    expect(file.counts).toEqual(model.dictionary.counts);
    expect(file.rows(0, 4)).toEqual(memory.rows(0, 4));
    expect(file.vectorOf("Hündchen")).toEqual(memory.vectorOf("Hündchen"));
    expect(file.hasSubwords).toBe(maxN > 0);
  });

  it("has every byte where fastText has it: its own file, taken apart and written, is the same", async () => {
    const fixture = fileURLToPath(new URL("fixtures/fasttext/skipgram.bin", import.meta.url));
    const bytes = readFileSync(fixture);
    const { words, counts } = await readFastText(fixture);
    const values = (from: number, count: number) =>
      new Float32Array(bytes.buffer.slice(bytes.byteOffset + from, bytes.byteOffset + from + 4 * count));
    const [inputLength, outputLength] = [(words.length + 50) * 6, words.length * 6];
    const outputAt = bytes.length - 4 * outputLength;
    const path = join(newFolder(), "again.bin");
    await writeFastText(path, {
      arguments: {
        model: "skipgram",
        loss: "negative-sampling",
        dimension: 6,
        window: 5,
        epochs: 20,
        minCount: 1,
        negatives: 5,
        wordNgrams: 1,
        buckets: 50,
        minN: 3,
        maxN: 6,
        learningRateUpdateRate: 100,
        samplingThreshold: 1e-4,
      },
      dictionary: { words, counts: counts as Float64Array, tokenCount: Number(bytes.readBigInt64LE(76)) },
      input: values(outputAt - 17 - 4 * inputLength, inputLength),
      output: values(outputAt, outputLength),
    });
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it.each([
    [
      "a classifier",
      (m: FastTextModel) => ({ ...m, arguments: { ...m.arguments, model: "supervised" as const } }),
    ],
    ["an input of another size", (m: FastTextModel) => ({ ...m, input: m.input.subarray(1) })],
    ["an output of another size", (m: FastTextModel) => ({ ...m, output: new Float32Array(3) })],
    [
      "too few counts",
      (m: FastTextModel) => ({ ...m, dictionary: { ...m.dictionary, counts: new Float64Array(1) } }),
    ],
    [
      "a word with a zero byte",
      (m: FastTextModel) => ({ ...m, dictionary: { ...m.dictionary, words: ["a", "b", "c\0d", "e"] } }),
    ],
    [
      "an empty word",
      (m: FastTextModel) => ({ ...m, dictionary: { ...m.dictionary, words: ["a", "", "c", "e"] } }),
    ],
  ])("%s is refused, and no file is made", async (_, change) => {
    const folder = newFolder();
    const written = writeFastText(join(folder, "model.bin"), change(makeModel(3, 40)));
    await expect(written).rejects.toMatchObject({ code: "bad_vectors" });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("vectors written as text", () => {
  it("have fastText's five digits, or as many as asked for", async () => {
    const folder = newFolder();
    const vectors = {
      dimension: 4,
      words: ["a"],
      rows: () => ({ rows: 1, columns: 4, data: Float32Array.of(0.123456789, -0.5, 1234567, 1e-7) }),
    };
    await writeTextVectors(join(folder, "five.vec"), vectors);
    expect(readFileSync(join(folder, "five.vec"), "utf8")).toBe("1 4\na 0.12346 -0.5 1234600 1e-7\n");
    await writeTextVectors(join(folder, "two.vec"), vectors, { digits: 2 });
    expect(readFileSync(join(folder, "two.vec"), "utf8")).toBe("1 4\na 0.12 -0.5 1200000 1e-7\n");
    for (const digits of [0, 10, 2.5]) {
      const written = writeTextVectors(join(folder, "no.vec"), vectors, { digits });
      await expect(written).rejects.toMatchObject({ code: "bad_options" });
    }
  });

  it("are read again bit for bit with nine digits, whatever the words and values", async () => {
    const folder = newFolder();
    const word = fc
      .string({ unit: "grapheme", minLength: 1 })
      .filter((text) => !/\n/.test(text) && !/[ \t]\S*\.\S*$/.test(text));
    const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
    const table = fc
      .uniqueArray(word, { minLength: 1, maxLength: 20 })
      .chain((words) =>
        fc.tuple(
          fc.constant(words),
          fc.array(finite, { minLength: words.length * 3, maxLength: words.length * 3 }),
        ),
      );
    await fc.assert(
      fc.asyncProperty(table, async ([words, values]) => {
        const data = Float32Array.from(values);
        const path = join(folder, "any.vec");
        const vectors = { dimension: 3, words, rows: () => ({ rows: words.length, columns: 3, data }) };
        await writeTextVectors(path, vectors, { digits: 9 });
        const read = await readTextVectors(path);
        expect(read.words).toEqual(words);
        // −0 is written as 0.
        expect(read.rows(0, words.length).data).toEqual(data.map((value) => value + 0));
      }),
      { numRuns: 60 },
    );
  });

  it("come from the rows in order, a thousand at a time", async () => {
    const path = join(newFolder(), "many.vec");
    const asked: number[] = [];
    const words = Array.from({ length: 2001 }, (_, i) => `w${i}`);
    await writeTextVectors(path, {
      dimension: 1,
      words,
      rows(start, count) {
        asked.push(count);
        return { rows: count, columns: 1, data: Float32Array.from({ length: count }, (_, i) => start + i) };
      },
    });
    expect(asked).toEqual([1000, 1000, 1]);
    const read = await readTextVectors(path);
    expect([...read.rows(0, 2001).data]).toEqual(words.map((_, i) => i));
  });

  it.each([
    ["a line feed in a word", ["a\nb"], [1], "bad_vectors"],
    ["an empty word", [""], [1], "bad_vectors"],
    ["a value that is not finite", ["a"], [Number.POSITIVE_INFINITY], "not_finite"],
  ])("with %s are refused, and what was there stays", async (_, words, values, code) => {
    const folder = newFolder();
    const path = join(folder, "kept.vec");
    writeFileSync(path, "before");
    const rows = () => ({ rows: 1, columns: 1, data: Float32Array.from(values) });
    await expect(writeTextVectors(path, { dimension: 1, words, rows })).rejects.toMatchObject({ code });
    expect(readFileSync(path, "utf8")).toBe("before");
    expect(readdirSync(folder)).toEqual(["kept.vec"]);
  });
});

describe("the writing of decimals", () => {
  const write = (value: number, digits: number) => {
    const bytes = new Uint8Array(LONGEST_DECIMAL + 2);
    return Buffer.from(bytes.subarray(1, appendDecimal(bytes, 1, value, digits))).toString();
  };
  const numbers = fc.oneof(
    fc.float({ noNaN: true, noDefaultInfinity: true }),
    fc.float({ noNaN: true, min: -2, max: 2 }),
    fc
      .tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.integer({ min: -12, max: 12 }))
      .map(([whole, power]) => Math.fround(whole * 10 ** power)),
  );

  it("is that of toPrecision, without zeros at the end", () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 6 }), (value, digits) => {
        expect(write(value, digits)).toBe(String(Number(value.toPrecision(digits))));
      }),
      { numRuns: 2000 },
    );
  });

  it("keeps every float with nine digits", () => {
    fc.assert(
      fc.property(numbers, (value) => {
        expect(Math.fround(Number(write(value, 9)))).toBe(value + 0);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    [0, 5, "0"],
    [-0, 5, "0"],
    [1, 5, "1"],
    [-1000, 5, "-1000"],
    [999.996, 5, "1000"],
    [9.99996, 5, "10"],
    [0.0999996, 5, "0.1"],
    [123456, 2, "120000"],
    [999999999, 1, "1000000000"],
    [1e-6, 5, "0.000001"],
    [9.9999e-7, 5, "9.9999e-7"],
    [-3.4028234663852886e38, 9, "-3.40282347e+38"],
    [-1.5e20, 5, "-150000000000000000000"],
    [1e-45, 9, "1.40129846e-45"],
  ])("of %d with %i digits is %s", (value, digits, text) => {
    expect(write(Math.fround(value), digits)).toBe(text);
  });
});

describe("writing", () => {
  it("stops when asked to, and leaves what was there", async () => {
    const folder = newFolder();
    const path = join(folder, "kept.bin");
    writeFileSync(path, "before");
    const stop = new AbortController();
    const model = makeModel(3, 1_000_000);
    const written = writeFastText(path, model, { abortSignal: stop.signal, onProgress: () => stop.abort() });
    await expect(written).rejects.toMatchObject({ code: "aborted" });
    expect(readFileSync(path, "utf8")).toBe("before");
    expect(readdirSync(folder)).toEqual(["kept.bin"]);
  });

  it("says so when the folder is not there", async () => {
    const path = join(newFolder(), "none", "model.bin");
    await expect(writeFastText(path, makeModel(0, 0))).rejects.toMatchObject({ code: "write_failed" });
  });
});

function makeModel(maxN: number, buckets: number): FastTextModel {
  const words = ["</s>", "Hund", "街上", "🐶"];
  const dimension = 5;
  return {
    arguments: {
      model: "cbow",
      loss: "negative-sampling",
      dimension,
      window: 5,
      epochs: 1,
      minCount: 1,
      negatives: 5,
      wordNgrams: 1,
      buckets,
      minN: Math.min(maxN, 2),
      maxN,
      learningRateUpdateRate: 100,
      samplingThreshold: 1e-4,
    },
    dictionary: { words, counts: Float64Array.of(2 ** 40, 3, 2, 1), tokenCount: 2 ** 41 },
    input: Float32Array.from({ length: (words.length + buckets) * dimension }, (_, i) => Math.sin(i)),
    output: Float32Array.from({ length: words.length * dimension }, (_, i) => Math.cos(i)),
  };
}
