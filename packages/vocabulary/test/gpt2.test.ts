import { gpt2TokenizerJson, gpt2Vectors } from "@revocab/test-support/gpt2";
import { realData } from "@revocab/test-support/real-data";
import {
  convertToByteLevel,
  fingerprint,
  loadTokenizer,
  type Tokenizer,
  tokenizerFromFiles,
} from "@revocab/vocabulary";
import { extendTokenizer, learnPieces, pruneTokenizer } from "@revocab/vocabulary-editing";
import { describe, expect, it } from "vitest";

/** What anyone can run: a real tokenizer that is part of the repository. */
describe("GPT-2's tokenizer", () => {
  const gpt2 = tokenizerFromFiles(
    new Map([["tokenizer.json", new TextEncoder().encode(gpt2TokenizerJson())]]),
    "gpt2",
  );
  const vectors = gpt2Vectors();
  const encodeAll = async ({ encode }: Tokenizer) =>
    Promise.all(vectors.map(async ({ text }) => [...(await encode(text))]));

  it("gives llama.cpp's 46 hard texts the expected ids", async () => {
    expect(vectors).toHaveLength(46);
    expect(await encodeAll(gpt2)).toEqual(vectors.map(({ ids }) => ids));
  });

  it("gives every text back from its ids", async () => {
    for (const { text, ids } of vectors) expect(await gpt2.decode(ids)).toBe(text);
  });

  it("spells each of its tokens as itself, but for the special", () => {
    const { vocabulary } = gpt2;
    expect(vocabulary.size).toBe(50_257);
    for (let id = 0; id < 50_256; id++) {
      if (vocabulary.spell(vocabulary.bytesOf(id))?.join() !== `${id}`) expect.fail(`id ${id}`);
    }
    expect(vocabulary.kindOf(50_256)).toBe("special");
    expect(vocabulary.rolesOf(50_256)).toEqual(["bos", "eos", "unk"]);
  });

  it("is byte-level already: a conversion keeps all ids", async () => {
    expect(await encodeAll(convertToByteLevel(gpt2).tokenizer)).toEqual(vectors.map(({ ids }) => ids));
  });

  it("writes new words as one token each, and texts without them as before", async () => {
    const { tokenizer, added } = await extendTokenizer(gpt2, {
      pieces: [" Schmetterlingshaus"],
      addedTokens: ["<|tool|>"],
    });
    expect([...(await tokenizer.encode("Im Schmetterlingshaus<|tool|>"))].slice(-2)).toEqual([
      50_257,
      added.at(-1)!.id,
    ]);
    expect(await encodeAll(tokenizer)).toEqual(vectors.map(({ ids }) => ids));
  });

  it("learns pieces of a text, and then writes it in fewer tokens", async () => {
    const corpus = Array.from({ length: 20 }, (_, i) => `Der Schmetterling ${i} fliegt über die Wiese.`);
    const { tokenizer } = await learnPieces({ tokenizer: gpt2, corpus, count: 9 });
    const before = (await gpt2.encode(corpus[3]!)).length;
    expect((await tokenizer.encode(corpus[3]!)).length).toBeLessThan(before / 1.5);
    expect(await tokenizer.decode(await tokenizer.encode(corpus[3]!))).toBe(corpus[3]);
  });

  it("writes the texts it was pruned for with the same tokens", async () => {
    const { tokenizer, newIdOf } = await pruneTokenizer(gpt2, { keepFor: vectors.map(({ text }) => text) });
    expect(tokenizer.vocabulary.size).toBeLessThan(1_200);
    expect(await encodeAll(tokenizer)).toEqual(vectors.map(({ ids }) => ids.map((id) => newIdOf[id])));
  });

  it.skipIf(realData === undefined)("is the published one", async () => {
    const published = await loadTokenizer(`${realData}/tokenizers/gpt2`);
    expect(fingerprint(gpt2.vocabulary)).toBe(fingerprint(published.vocabulary));
  });
});
