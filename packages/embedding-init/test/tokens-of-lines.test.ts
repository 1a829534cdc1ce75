import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { tokensOfLines } from "@revocab/embedding-init";
import { scratchFolders } from "@revocab/test-support/folders";
import { handMadeVocabulary, text } from "@revocab/test-support/hand-made-vocabulary";
import { describe, expect, it } from "vitest";

const scratch = scratchFolders();
const vocabulary = handMadeVocabulary(["a", "b", "é"].map((letter) => text(letter)));
const encode = async (line: string) =>
  Uint32Array.from(line.replaceAll(" ", ""), (letter) => "abé".indexOf(letter));

async function tokensOf(content: Uint8Array | string): Promise<(readonly string[])[]> {
  const path = join(scratch(), "text.txt");
  writeFileSync(path, content);
  const lines: (readonly string[])[] = [];
  for await (const line of tokensOfLines(path, { vocabulary, encode })) lines.push(line);
  return lines;
}

describe("the lines of a text as tokens", () => {
  it("are those of the tokenizer, without empty lines and whatever ends a line", async () => {
    expect(await tokensOf("a b\r\n\n \nba\né")).toEqual([["a", "b"], ["b", "a"], ["é"]]);
    expect(await tokensOf("")).toEqual([]);
  });

  it("are whole where a block of the file ends inside a character", async () => {
    const lines = await tokensOf(`a${"é".repeat(40_000)}\nb`);
    expect(lines.map(({ length }) => length)).toEqual([40_001, 1]);
    expect(new Set(lines[0])).toEqual(new Set(["a", "é"]));
  });

  it("of a file that is not UTF-8, or not there, are refused", async () => {
    await expect(tokensOf(Buffer.from("caf\xe9 a", "latin1"))).rejects.toMatchObject({ code: "bad_text" });
    await expect(tokensOf(Buffer.from("a\xe9", "latin1"))).rejects.toMatchObject({ code: "bad_text" });
    const missing = tokensOfLines(join(scratch(), "none"), { vocabulary, encode });
    await expect(missing[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "missing_file" });
  });
});
