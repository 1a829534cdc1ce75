import { readFileSync } from "node:fs";
import { join } from "node:path";
import { realData } from "@revocab/test-support/real-data";
import { readFastText, readTextVectors, readWordVectors } from "@revocab/word-vectors";
import { describe, expect, it } from "vitest";

describe.skipIf(realData === undefined)("real files", () => {
  const folder = join(realData ?? "", "word-vectors");

  it.each([
    { name: "crime-and-punishment", words: 291, dimension: 5, hasSubwords: true },
    // From before version 11: no magic, and </s> has n-grams.
    { name: "lee_fasttext", words: 1762, dimension: 10, hasSubwords: true },
    // A classifier whose text was Latin-1 in places; its two labels are no words.
    { name: "pang_lee_polarity_fasttext", words: 1694, dimension: 100, hasSubwords: false },
  ])("$name.bin equals its .vec twin to all its digits", async ({ name, words, dimension, hasSubwords }) => {
    const binary = await readFastText(join(folder, `${name}.bin`));
    const text = await readTextVectors(join(folder, `${name}.vec`));
    expect(binary).toMatchObject({ dimension, hasSubwords });
    expect(binary.words).toHaveLength(words);
    expect(text.words).toEqual(binary.words);
    // fastText prints five digits: rounded so, each of our values is the one in the text.
    const rounded = binary.rows(0, words).data.map((value) => Number(value.toPrecision(5)));
    expect(rounded).toEqual(text.rows(0, words).data);
  });

  it("readWordVectors tells each from the others by its content", async () => {
    for (const [name, words] of [
      ["crime-and-punishment.bin", 291],
      ["crime-and-punishment.vec", 291],
      ["lee_fasttext.bin", 1762],
      ["pang_lee_polarity_fasttext.bin", 1694],
      ["EN.1-10.cbow1_wind5_hs0_neg10_size300_smpl1e-05.txt", 20],
      ["IT.1-10.cbow1_wind5_hs0_neg10_size300_smpl1e-05.txt", 20],
    ] as const) {
      expect((await readWordVectors(join(folder, name))).words).toHaveLength(words);
    }
  });

  it("a dictionary and a table of judgements are no vectors, and the message names file and line", async () => {
    for (const name of ["OPUS_en_it_europarl_train_one2ten.txt", "simlex999.txt"]) {
      await expect(readWordVectors(join(folder, name))).rejects.toMatchObject({
        code: "bad_vectors",
        message: expect.stringContaining(`${name}, line 1: `),
      });
    }
  });

  it("the numbers of 300-d text vectors are those of Number", async () => {
    const path = join(folder, "EN.1-10.cbow1_wind5_hs0_neg10_size300_smpl1e-05.txt");
    const lines = readFileSync(path, "utf8").trim().split("\n").slice(1);
    const expected = Float32Array.from(lines.flatMap((line) => line.trim().split(" ").slice(1).map(Number)));
    expect((await readTextVectors(path)).rows(0, 20).data).toEqual(expected);
  });
});
