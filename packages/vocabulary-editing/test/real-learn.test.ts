import { readFileSync } from "node:fs";
import { join } from "node:path";
import { realData } from "@revocab/test-support/real-data";
import { loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import { learnPieces } from "@revocab/vocabulary-editing";
import { describe, expect, it } from "vitest";

const lines = (name: string, count: number) =>
  readFileSync(join(realData!, "text", name), "utf8")
    .split("\n")
    .filter(Boolean)
    .slice(0, count);

async function encodeAll({ encode }: Tokenizer, texts: readonly string[]): Promise<number[]> {
  return (await Promise.all(texts.map((text) => encode(text)))).flatMap((ids) => [...ids]);
}

/** What German may come down to, of the tokens before, with 500 pieces learned from 2,000 captions. */
const BOUNDS = { gpt2: 0.7, "llama-2": 0.85, "bert-cased": 0.7, "sw-unigram-50k": 0.6 };

describe.skipIf(realData === undefined)("learning German on real tokenizers", () => {
  it.each(Object.entries(BOUNDS))("%s writes it in fewer tokens", async (name, bound) => {
    const original = await loadTokenizer(join(realData!, "tokenizers", name));
    const { size } = original.vocabulary;
    const corpus = lines("multi30k.de.txt", 2000);
    const { tokenizer, added } = await learnPieces({ tokenizer: original, corpus, count: 500 });
    expect(added.map(({ id }) => id)).toEqual(Array.from({ length: 500 }, (_, place) => size + place));
    const [before, after] = [await encodeAll(original, corpus), await encodeAll(tokenizer, corpus)];
    expect(after.length / before.length).toBeLessThan(bound);
    if (name !== "bert-cased") expect(await tokenizer.decode(after)).toBe(await original.decode(before));
    if (name === "sw-unigram-50k") return;
    const english = await encodeAll(tokenizer, lines("wikitext2-valid.txt", 400));
    expect(english.filter((id) => id >= size).length / english.length).toBeLessThan(0.005);
  });

  it("gpt2 learns Chinese characters from their bytes", async () => {
    const original = await loadTokenizer(join(realData!, "tokenizers/gpt2"));
    const corpus = lines("xquad.zh.txt", 60);
    const { tokenizer } = await learnPieces({ tokenizer: original, corpus, count: 300 });
    const [before, after] = [await encodeAll(original, corpus), await encodeAll(tokenizer, corpus)];
    expect(after.length / before.length).toBeLessThan(0.65);
    expect(await tokenizer.decode(after)).toBe(corpus.join(""));
  });

  it("sw-unigram-50k writes English as before where another English text was spared", async () => {
    const original = await loadTokenizer(join(realData!, "tokenizers/sw-unigram-50k"));
    const { tokenizer } = await learnPieces({
      tokenizer: original,
      corpus: lines("multi30k.de.txt", 2000),
      count: 500,
      spare: lines("en-sw.en.txt", 2000),
    });
    const english = await encodeAll(tokenizer, lines("wikitext2-valid.txt", 400));
    const added = english.filter((id) => id >= original.vocabulary.size).length;
    expect(added / english.length).toBeLessThan(0.02);
  });
});
