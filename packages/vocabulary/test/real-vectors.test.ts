import { readFileSync } from "node:fs";
import { realData } from "@revocab/test-support/real-data";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

describe.skipIf(realData === undefined)("llama.cpp's 46 hard strings get the expected ids", () => {
  it.each([
    ["llama-spm", "llama-2"],
    ["qwen2", "qwen2"],
  ])("%s", async (vectors, name) => {
    const tokenizer = await loadTokenizer(`${realData}/tokenizers/${name}`, { reading: "file" });
    // Each text is followed by the separator, so nothing comes after the last.
    const texts = read(`${vectors}.inp`).split("\n__ggml_vocab_test__\n").slice(0, -1);
    const expected = read(`${vectors}.out`)
      .split("\n")
      .slice(0, texts.length)
      .map((line) => line.split(" ").filter(Boolean).map(Number));
    expect(texts).toHaveLength(46);
    const found: number[][] = [];
    for (const text of texts) found.push([...(await tokenizer.encode(text))]);
    expect(found).toEqual(expected);
  });
});

function read(name: string): string {
  return readFileSync(`${realData}/tokenizer-vectors/${name}`, "utf8");
}
