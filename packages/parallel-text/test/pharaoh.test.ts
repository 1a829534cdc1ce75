import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pharaohText, readPharaoh } from "@revocab/parallel-text";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

let path: string;
beforeAll(async () => {
  path = join(await mkdtemp(join(tmpdir(), "pharaoh-")), "alignments.txt");
});
afterAll(() => rm(join(path, ".."), { recursive: true }));

const lines = { source: ["a dog barks.", "", "a cat"], target: ["ein Hund bellt.", "nichts", "ein Kater"] };

async function read(text: string, words: "unicode" | "whitespace" = "whitespace") {
  await writeFile(path, text);
  return readPharaoh(path, { lines, words });
}

describe("Pharaoh's format", () => {
  it("is read with its links in order, each once, and written the same way", async () => {
    const alignment = await read("2-2 0-0  1-1 0-0\n\n0-0 1-1\n");
    expect(alignment).toEqual({
      offsets: Uint32Array.of(0, 3, 3, 5),
      source: Uint32Array.of(0, 1, 2, 0, 1),
      target: Uint32Array.of(0, 1, 2, 0, 1),
    });
    const written = [...pharaohText(alignment)].join("");
    expect(written).toBe("0-0 1-1 2-2\n\n0-0 1-1\n");
    expect(await read(written)).toEqual(alignment);
  });

  it("numbers the words of one cut: a full stop is a word of its own or part of one", async () => {
    expect((await read("3-3\n\n\n", "unicode")).source).toEqual(Uint32Array.of(3));
    await expect(read("3-2\n\n\n")).rejects.toMatchObject({
      code: "bad_text",
      message: `${path}, line 1 has 3-2, but the source line has 3 words, 0 to 2 (words=whitespace)`,
      hint: expect.stringContaining("not of unicode"),
    });
  });

  it("names the line and the word that is not there", async () => {
    await expect(read("0-0\n\n1-2\n")).rejects.toMatchObject({
      code: "bad_text",
      message: expect.stringMatching(/line 3 has 1-2, but the target line has 2 words/),
    });
    await expect(read("0-0\n0-0\n\n")).rejects.toMatchObject({
      message: expect.stringMatching(/line 2 has 0-0, but the source line has 0 words/),
    });
  });

  it("names the line with something else than links", async () => {
    for (const wrong of ["0", "0-0-0", "a-b", "0--1", "-1-0", "0-1:0.5", "9999999999-0", "0 - 0"]) {
      await expect(read(`0-0\n\n${wrong}\n`)).rejects.toMatchObject({
        code: "bad_text",
        message: expect.stringContaining(`${path}, line 3 has "${wrong.split(" ")[0]}"`),
      });
    }
  });

  it("has a line for each line of the texts", async () => {
    await expect(read("0-0\n")).rejects.toMatchObject({
      code: "bad_text",
      message: expect.stringMatching(/has 1 lines and the parallel texts have 3/),
    });
  });
});
