import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readLines } from "@revocab/files";
import { readParallelLines, splitPathPair } from "@revocab/parallel-text";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parallel-lines-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe("the lines of a text", () => {
  it("end in LF or CR LF, and the last one need not end", async () => {
    expect(await readLines(await fileOf("a.txt", "eins\r\nzwei\n\ndrei"))).toEqual([
      "eins",
      "zwei",
      "",
      "drei",
    ]);
    expect(await readLines(await fileOf("b.txt", "eins\n"))).toEqual(["eins"]);
    expect(await readLines(await fileOf("c.txt", ""))).toEqual([]);
  });

  it("begin after a byte order mark, and other separators of Unicode do not end them", async () => {
    expect(await readLines(await fileOf("d.txt", "\uFEFFa\u2028b\u0085c\rd\n"))).toEqual([
      "a\u2028b\u0085c\rd",
    ]);
  });

  it("must have lines of at most 16 MiB: the first that is longer is named", async () => {
    const path = await fileOf(
      "long.txt",
      Buffer.concat([Buffer.from("a\n"), Buffer.alloc(2 ** 24 + 1, "b")]),
    );
    await expect(readLines(path)).rejects.toMatchObject({
      code: "bad_text",
      message: `${path}, line 2 has 16777217 bytes, expected at most 16777216`,
    });
  });

  it("must be UTF-8: the first line that is not is named", async () => {
    const path = await fileOf("latin.txt", Buffer.from("gut\nsch\xf6n\n", "latin1"));
    await expect(readLines(path)).rejects.toMatchObject({
      code: "bad_text",
      message: `${path}, line 2 is not UTF-8`,
      hint: expect.stringContaining("iconv"),
    });
  });

  it("are not of a folder, nor of a file that is not there", async () => {
    await expect(readLines(folder)).rejects.toMatchObject({
      code: "bad_file",
      message: expect.stringContaining("found a folder"),
    });
    await expect(readLines(join(folder, "none"))).rejects.toMatchObject({ code: "missing_file" });
  });
});

describe("parallel lines", () => {
  it("keep their numbers; those with an empty side are counted", async () => {
    const source = await fileOf("en.txt", "a dog\n\n  \na cat\n");
    const target = await fileOf("de.txt", "ein Hund\nnichts\n\nein Kater\n");
    const lines = await readParallelLines({ source, target });
    expect(lines).toEqual({
      source: ["a dog", "", "  ", "a cat"],
      target: ["ein Hund", "nichts", "", "ein Kater"],
      empty: 2,
    });
  });

  it("of different number are refused, both counts said", async () => {
    const source = await fileOf("three.txt", "a\nb\nc\n");
    const target = await fileOf("two.txt", "a\nb\n");
    await expect(readParallelLines({ source, target })).rejects.toMatchObject({
      code: "bad_text",
      message: `${source} has 3 lines and ${target} has 2; parallel texts have as many lines`,
    });
  });

  it("without words on both sides of any line are refused", async () => {
    const source = await fileOf("left.txt", "a\n\n");
    const target = await fileOf("right.txt", " \nb\n");
    await expect(readParallelLines({ source, target })).rejects.toMatchObject({ code: "bad_text" });
  });

  it("stop with the code aborted", async () => {
    const source = await fileOf("x.txt", "a\n");
    const abort = new AbortController();
    abort.abort();
    const read = readParallelLines({ source, target: source }, { abortSignal: abort.signal });
    await expect(read).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("a pair of paths", () => {
  it("is split at its colon, drive letters aside", () => {
    expect(splitPathPair("texts/en.txt:de.txt")).toEqual({ source: "texts/en.txt", target: "de.txt" });
    expect(splitPathPair("C:\\en.txt:D:/de.txt")).toEqual({ source: "C:\\en.txt", target: "D:/de.txt" });
  });

  it("has one colon and two sides", () => {
    for (const wrong of ["en.txt", "en.txt:", ":de.txt", "a:b:c", ""]) {
      expect(() => splitPathPair(wrong)).toThrow(/one colon/);
    }
  });
});
