import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { readWord2VecBinary, readWordVectors } from "@revocab/word-vectors";
import { describe, expect, it } from "vitest";

const newFolder = scratchFolders();
const ROWS: readonly (readonly [string, readonly number[]])[] = [
  ["</s>", [0.5, -1, 2]],
  ["über", [1e-3, 10, 32]],
  ["new\u00a0york", [7, 8, 9.5]],
];

describe("word2vec's binary vectors", () => {
  it.each([
    ["with line feeds, as word2vec writes them", "\n"],
    ["without, as gensim writes them", ""],
  ])("%s are read", async (_, end) => {
    for (const read of [readWord2VecBinary, readWordVectors]) {
      const vectors = await read(fileOf(binary(ROWS, end)));
      expect(vectors.words).toEqual(ROWS.map(([word]) => word));
      expect([...vectors.rows(0, 3).data]).toEqual([...Float32Array.from(ROWS.flatMap(([, row]) => row))]);
      expect(vectors.counts).toBeUndefined();
    }
  });

  it("keep the first of a word that stands twice, and stop at maxWords", async () => {
    const rows = [...ROWS.slice(0, 2), ["</s>", [9, 9, 9]] as const, ...ROWS.slice(2)];
    const all = await readWord2VecBinary(fileOf(binary(rows, "\n")));
    expect(all.words).toEqual(ROWS.map(([word]) => word));
    expect(all.vectorOf("</s>")).toEqual(Float32Array.from([0.5, -1, 2]));
    const some = await readWord2VecBinary(fileOf(binary(rows, "\n")), { maxWords: 2 });
    expect(some.words).toEqual(["</s>", "über"]);
  });

  it("are refused wherever they are cut", async () => {
    const whole = binary(ROWS, "");
    for (let length = 0; length < whole.length; length++) {
      await expect(readWord2VecBinary(fileOf(whole.subarray(0, length)))).rejects.toMatchObject({
        code: "bad_vectors",
      });
    }
  });

  it("are refused when they say more than the file can hold, or go on", async () => {
    for (const bytes of [
      Buffer.from("999999999999 300\na 1234"),
      Buffer.from("1 999999999\na 1234"),
      Buffer.concat([binary(ROWS, ""), Buffer.from("more")]),
      Buffer.from("no header at all\n"),
    ]) {
      await expect(readWord2VecBinary(fileOf(bytes))).rejects.toMatchObject({ code: "bad_vectors" });
    }
  });

  it("are refused when a value is not finite, with the word", async () => {
    const path = fileOf(
      binary(
        [
          ["a", [1, 2]],
          ["b", [1, Number.NaN]],
        ],
        "\n",
      ),
    );
    await expect(readWord2VecBinary(path)).rejects.toMatchObject({
      code: "not_finite",
      message: expect.stringContaining('word 2 of 2, "b"'),
    });
  });
});

function binary(rows: readonly (readonly [string, readonly number[]])[], end: string): Buffer {
  const parts = rows.flatMap(([word, row]) => [
    Buffer.from(`${word} `),
    Buffer.from(Float32Array.from(row).buffer),
    Buffer.from(end),
  ]);
  return Buffer.concat([Buffer.from(`${rows.length} ${rows[0]?.[1].length}\n`), ...parts]);
}

function fileOf(bytes: Uint8Array): string {
  const path = join(newFolder(), "vectors.bin");
  writeFileSync(path, bytes);
  return path;
}
