import type { ProgressEvent } from "@revocab/core";
import { byteDistributions, byteLevelScore } from "@revocab/evaluation";
import { logProbabilitiesAfter, randomModel } from "@revocab/test-support/byte-random-model";
import { gpt2Bpe, plainBpe, sentencePieceBpe } from "@revocab/test-support/byte-tokenizers";
import { describe, expect, it } from "vitest";
import { bytesByEnumeration, everyEncoding } from "./byte-oracle.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const bitsOf = (probabilities: Float64Array): number =>
  probabilities.reduce((sum, probability) => sum - Math.log2(probability), 0);

const plain = plainBpe("abc", ["a b", "b c", "ab c", "c a", "ca b"]);
const fallback = sentencePieceBpe("▁abö", [0xc3, 0xa9, 0xb6], ["a b", "▁ a", "▁ ab", "ö a"]);
const gpt2 = gpt2Bpe("abĠĊ", ["Ġ a", "Ċ Ċ", "a b", "Ġ Ġ"]);
const documents = [
  { tokenizer: plain, text: "abcabccabacbabcaabbccabcab" },
  { tokenizer: fallback, text: "abé aö öab é" },
  { tokenizer: gpt2, text: "ab\n\nab  a b\n\n\nbaab   b" },
];

describe("the score of bytes", () => {
  it("is the probability of the whole text by its every encoding", async () => {
    const encodings = await everyEncoding(plain, "abc", 9);
    for (const text of ["a", "ab", "bca", "cabc", "abcab"]) {
      const model = randomModel(plain.vocabulary.size);
      const score = await byteLevelScore({ model, tokenizer: plain, documents: [text] });
      const { prefixProbability } = bytesByEnumeration(encodings, plain, utf8(text), 1);
      expect(score.documents[0].bits, text).toBeCloseTo(-Math.log2(prefixProbability), 5);
    }
  });

  for (const { tokenizer, text } of documents) {
    const size = tokenizer.vocabulary.size;
    it(`${tokenizer.family}: each byte has the probability that its prefix gives it`, async () => {
      const model = randomModel(size);
      const { documents: scores } = await byteLevelScore({
        model,
        tokenizer,
        documents: [text],
        perByte: true,
      });
      const bytes = utf8(text);
      const prefixes = Array.from(bytes, (_, end) => bytes.slice(0, end));
      const { distributions } = await byteDistributions({ model, tokenizer, prefixes });
      const [{ probabilities, firstByte, bits }] = scores;
      expect(firstByte).toBe(0);
      for (const [i, byte] of bytes.entries()) {
        expect(probabilities![i], `byte ${i}`).toBeCloseTo(distributions[i].probabilities[byte], 6);
      }
      expect(bitsOf(probabilities!)).toBeCloseTo(bits, 6);
    });

    it(`${tokenizer.family}: the sum is the same without every byte, in a fraction of the passes`, async () => {
      const model = randomModel(size);
      const all = await byteLevelScore({ model, tokenizer, documents: [text], perByte: true });
      const sum = await byteLevelScore({ model, tokenizer, documents: [text] });
      expect(sum.bitsPerByte).toBeCloseTo(all.bitsPerByte, 12);
      expect(sum.tokenBitsPerByte).toBe(all.tokenBitsPerByte);
      expect(sum.documents[0].probabilities).toBeUndefined();
      expect(sum.passes).toBeLessThan(all.passes);
    });

    it(`${tokenizer.family}: it is never above the score of the tokens, whatever the context`, async () => {
      for (const contextLength of [2, 3, 5, 64]) {
        for (const seed of [1, 2, 3]) {
          const model = randomModel(size, { seed, contextLength });
          const score = await byteLevelScore({ model, tokenizer, documents: [text, text.slice(0, 3)] });
          expect(score.bitsPerByte).toBeLessThanOrEqual(score.tokenBitsPerByte);
          expect(model.asked.longest).toBeLessThanOrEqual(contextLength);
        }
      }
    });

    it(`${tokenizer.family}: the score of the tokens is that of windows that share one token`, async () => {
      const model = randomModel(size, { contextLength: 4 });
      const { tokenBitsPerByte, bytes } = await byteLevelScore({ model, tokenizer, documents: [text] });
      const ids = [tokenizer.vocabulary.idOfRole("bos")!, ...(await tokenizer.encode(text))];
      let bits = 0;
      for (let i = 1; i < ids.length; i++) {
        const windowStart = Math.floor((i - 1) / 3) * 3;
        bits -= logProbabilitiesAfter(ids.slice(windowStart, i), size, 1)[ids[i]] / Math.LN2;
      }
      expect(bytes).toBe(utf8(text).length);
      expect(tokenBitsPerByte).toBeCloseTo(bits / bytes, 6);
    });
  }

  it("a document that the tokenizer changes is skipped, named with a reason, and counts nowhere", async () => {
    const unknown = sentencePieceBpe("▁ab", [0xc3], ["a b"]);
    const options = { model: randomModel(unknown.vocabulary.size), tokenizer: unknown };
    const score = await byteLevelScore({ ...options, documents: ["ab", "aña", "ba a", "a</s>b"] });
    const kept = await byteLevelScore({ ...options, documents: ["ab", "ba a"] });
    expect(score.skippedDocuments).toEqual([
      { index: 1, bytes: 4, reason: expect.stringContaining("<unk>") },
      { index: 3, bytes: 6, reason: expect.stringContaining("</s>") },
    ]);
    expect(score.documents.map(({ index }) => index)).toEqual([0, 2]);
    expect(score.bitsPerByte).toBe(kept.bitsPerByte);
    expect(score.bytes).toBe(6);
    expect(kept.skippedDocuments).toEqual([]);
  });

  it("reports its progress in tokens, up to all of them", async () => {
    for (const bos of ["auto", "never"] as const) {
      const documents = ["cabcab".repeat(20), "abc"];
      const counts = await Promise.all(documents.map((text) => plain.encode(text)));
      const given = bos === "never" ? 1 : 0;
      const total = counts.reduce((sum, tokens) => sum + tokens.length - given, 0);
      const events: ProgressEvent[] = [];
      const model = randomModel(plain.vocabulary.size);
      await byteLevelScore({
        model,
        tokenizer: plain,
        documents,
        bos,
        job: { onProgress: (event) => events.push(event) },
      });
      expect(events.length).toBeGreaterThan(2);
      for (const event of events)
        expect(event).toMatchObject({ type: "progress", step: "score bytes", total, unit: "tokens" });
      expect(events.at(-1)).toMatchObject({ done: total });
    }
  });

  it("without a BOS starts after the first token", async () => {
    const model = randomModel(plain.vocabulary.size);
    const { documents: scores } = await byteLevelScore({
      model,
      tokenizer: plain,
      documents: ["abcab"],
      bos: "never",
      perByte: true,
    });
    const [{ firstByte, probabilities, bits, tokenBits }] = scores;
    expect(firstByte).toBe(3);
    expect(probabilities).toHaveLength(2);
    expect(bits).toBeLessThanOrEqual(tokenBits);
  });

  it("of a model that keeps to the tokenizer leaves nothing out", async () => {
    const letters = plainBpe("ab", []);
    const { vocabulary } = letters;
    const row = Float32Array.from({ length: vocabulary.size }, (_, id) =>
      Math.log([0, 0.1, 0.6, 0.3][id] ?? 0),
    );
    const model = {
      ...randomModel(vocabulary.size),
      distributions: async (
        queries: readonly { readonly positions: Uint32Array }[],
        use: (query: number, logarithms: Float32Array) => Promise<void>,
      ) => {
        for (const [i, { positions }] of queries.entries()) {
          await use(i, Float32Array.from([...positions].flatMap(() => [...row])));
        }
      },
    };
    const score = await byteLevelScore({ model, tokenizer: letters, documents: ["abba"], perByte: true });
    expect(score.invalidMass).toBeCloseTo(0, 6);
    expect(score.bitsPerByte).toBeCloseTo(score.tokenBitsPerByte, 6);
    expect([...score.documents[0].probabilities!].map((p) => p.toFixed(4))).toEqual([
      "0.6000",
      "0.3000",
      "0.3000",
      "0.6000",
    ]);
  });
});
