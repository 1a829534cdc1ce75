import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { RevocabError } from "@revocab/core";
import { scratchFolders } from "@revocab/test-support/folders";
import { readTextVectors, readWordVectors } from "@revocab/word-vectors";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDecimal } from "../src/files/decimals.ts";

const newFolder = scratchFolders();

describe("text vectors", () => {
  it.each([
    ["with word2vec's first line", "2 3\nHund 0.1 -2 3e-1\nKatze 1 0 -.5\n"],
    ["with fastText's spaces at the ends of lines", "2 3\nHund 0.1 -2 0.3 \nKatze 1 0 -0.5 \n"],
    ["without a first line, as GloVe's", "Hund 0.1 -2 0.3\nKatze 1 0 -0.5\n"],
    ["without an end of the last line", "2 3\nHund 0.1 -2 0.3\nKatze 1 0 -0.5"],
    ["with an empty line at the end", "2 3\nHund 0.1 -2 0.3\nKatze 1 0 -0.5\n\n"],
    ["with tabs and lines of Windows", "2\t3\r\nHund\t0.1\t-2\t0.3\r\nKatze\t1\t0\t-0.5\r\n"],
    ["with wide gaps between numbers", "2 3\nHund 0.1  -2   0.3\nKatze 1  0 -0.5\n"],
  ])("%s are read", async (_, text) => {
    for (const read of [readTextVectors, readWordVectors]) {
      const vectors = await read(fileOf(text));
      expect(vectors.words).toEqual(["Hund", "Katze"]);
      expect(vectors.rows(0, 2)).toEqual({
        rows: 2,
        columns: 3,
        data: Float32Array.of(0.1, -2, 0.3, 1, 0, -0.5),
      });
      expect(vectors).toMatchObject({ dimension: 3, counts: undefined, hasSubwords: false });
    }
  });

  it("keep the first of a word that stands twice, and count it in the first line", async () => {
    const vectors = await readTextVectors(fileOf("4 1\na 1\nb 2\na 3\nc 4\n"));
    expect(vectors.words).toEqual(["a", "b", "c"]);
    expect([...vectors.rows(0, 3).data]).toEqual([1, 2, 4]);
    expect(vectors.vectorOf("a")).toEqual(Float32Array.of(1));
    expect(vectors.vectorOf("d")).toBeUndefined();
  });

  it.each([
    "New\u00a0York",
    "\u00a0",
    "\u2028",
    "\u0085",
    "\ufeff",
    "at name@domain.com",
    ". . .",
    " 12",
    "a ",
    "3.14",
    "-1",
    "1e5",
    "👩‍👩‍👧",
    "a\tb",
  ])("have the word %j in one piece", async (word) => {
    const vectors = await readTextVectors(fileOf(`2 2\n${word} 0.5 1\nz 1 2\n`));
    expect(vectors.words).toEqual([word, "z"]);
    expect(vectors.vectorOf(word)).toEqual(Float32Array.of(0.5, 1));
  });

  it("stop at maxWords, and do not read what comes after", async () => {
    const path = fileOf("9 2\na 1 2\na 1 2\nb 3 4\nbroken\n     \n                         \n");
    const vectors = await readTextVectors(path, { maxWords: 2 });
    expect(vectors.words).toEqual(["a", "b"]);
    await expect(readTextVectors(path, { maxWords: 3 })).rejects.toMatchObject({ code: "bad_vectors" });
  });

  it("of 40,000 words stream through a small buffer, in blocks, with progress, and stop when asked to", async () => {
    const dimension = 60;
    const value = (word: number, column: number) => Math.fround(Math.sin(word * dimension + column));
    const lines = Array.from(
      { length: 40_000 },
      (_, word) =>
        `word${word} ${Array.from({ length: dimension }, (_, column) => value(word, column).toPrecision(9)).join(" ")}`,
    );
    const path = fileOf(`${lines.length} ${dimension}\n${lines.join("\n")}\n`);
    const done: number[] = [];
    const vectors = await readTextVectors(path, {
      job: { onProgress: (event) => event.type === "progress" && done.push(event.done) },
    });
    expect(done).toHaveLength(5);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    for (const word of [0, 1, 17_475, 17_476, 17_477, 34_952, 39_999]) {
      const expected = Float32Array.from({ length: dimension }, (_, column) => value(word, column));
      expect(vectors.vectorOf(`word${word}`)).toEqual(expected);
    }
    const stop = new AbortController();
    const stopped = readTextVectors(path, {
      job: { abortSignal: stop.signal, onProgress: () => stop.abort() },
    });
    await expect(stopped).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("broken text vectors are refused with file and line:", () => {
  it.each([
    ["a number too few", "2 3\na 1 2 3\nb 1 2\n", 3, "3 fields"],
    ["a number too many", "2 3\na 1 2 3\nb 0.5 1 2 3\n", 3, "5 fields"],
    ["a number too many in all lines", "2 2\na 0.5 1 2\nb 0.5 2 3\n", 2, "4 fields"],
    ["a number too few without a first line", "a 1 2 3\nb 1 2\n", 2, "3 fields"],
    ["a word in place of a number", "1 2\na 1 x2\n", 2, '"x2"'],
    ["not a number", "1 2\na 1 nan\n", 2, '"nan"'],
    ["infinity", "1 2\na inf 1\n", 2, '"inf"'],
    ["a number beyond a float", "1 2\na 1e39 1\n", 2, '"1e39"'],
    ["hexadecimal", "1 2\na 0x10 1\n", 2, '"0x10"'],
    ["a decimal comma", "1 2\na 0,5 1\n", 2, '"0,5"'],
    ["a line without a word", "1 2\n 1 2\n", 2, "no word"],
    ["an empty line", "3 2\na 1 2\n\nb 1 2\n", 3, "0 fields"],
    ["a line of one word", "lonely\n", 1, "neither"],
  ])("%s", async (_, text, line, found) => {
    const path = fileOf(text);
    const error = await readTextVectors(path).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(RevocabError);
    expect((error as RevocabError).code).toBe("bad_vectors");
    expect((error as RevocabError).message).toContain(`${path}, line ${line}: `);
    expect((error as RevocabError).message).toContain(found);
  });

  it.each([
    [
      "fewer words than the first line says",
      "3 1\naaaaaaa 1\nb 2\n",
      "says 3 words in its first line and has 2",
    ],
    ["more words than the first line says", "1 1\na 1\nb 2\n", "says 1 words in its first line and has 2"],
    [
      "a number of words that no file could have",
      "1000000000000 1\na 1\n",
      "says 1000000000000 words in its first line and has 1",
    ],
    [
      "a dimension that no file of its size could have",
      "1 999999999\na 1\n",
      "line 1: it says that vectors have 999999999 numbers",
    ],
    ["no words", "0 1\n", "no words"],
    ["a line without end", "x".repeat(17 << 20), "more than"],
  ])("%s", async (_, text, found) => {
    const path = fileOf(text);
    await expect(readTextVectors(path)).rejects.toMatchObject({
      code: "bad_vectors",
      message: expect.stringContaining(found),
    });
  });
});

describe("the reading of decimals", () => {
  const parse = (text: string) => parseDecimal(Buffer.from(`<${text}>`), 1, text.length + 1);

  it("is that of Number, to the last bit, for every double and however it is written", () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer({ min: 1, max: 21 }),
        (value, digits) => {
          for (const text of [String(value), value.toPrecision(digits), value.toExponential(digits - 1)]) {
            expect(parse(text)).toBe(Number(text));
          }
        },
      ),
    );
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 20n }),
        fc.integer({ min: 0, max: 30 }),
        (digits, decimals) => {
          const padded = String(digits).padStart(decimals + 1, "0");
          const text = `${padded.slice(0, padded.length - decimals)}.${padded.slice(padded.length - decimals)}`;
          expect(parse(text)).toBe(Number(text));
        },
      ),
    );
  });

  it.each([
    "",
    "-",
    "+",
    ".",
    "-.",
    "1.2.3",
    "1e",
    "e5",
    "--1",
    "1-",
    "0x1",
    "1_0",
    "Infinity",
    "NaN",
    "1 2",
  ])("refuses %j", (text) => expect(parse(text)).toBeNaN());

  it.each(["+1", "1.", ".5", "-.5", "-0", "1E5", "00012"])("accepts %j", (text) => {
    expect(parse(text)).toBe(Number(text));
  });
});

function fileOf(text: string): string {
  const path = join(newFolder(), "vectors.txt");
  writeFileSync(path, text);
  return path;
}
