import { type ByteReader, byteReader } from "@revocab/byte-models";
import { byteDistributions, byteLevelScore } from "@revocab/evaluation";
import { continuingModel } from "@revocab/test-support/byte-random-model";
import { gpt2Bpe, plainBpe, sentencePieceBpe } from "@revocab/test-support/byte-tokenizers";
import { describe, expect, it } from "vitest";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const WHOLE_PIECES = "byte-level BPE with whole pieces, as Llama 3's";
const TEXTS = {
  BPE: {
    tokenizer: plainBpe("abc", ["a b", "b c", "ab c", "c a", "ca b"]),
    text: "abcabbcacabcaabcbcabcab",
  },
  "BPE with byte fallback and a dummy prefix": {
    tokenizer: sentencePieceBpe("▁abö", [0xc3, 0xa9, 0xb6], ["a b", "▁ a", "▁ ab", "ö a"]),
    text: "ab aéöaab  öab éb",
  },
  "byte-level BPE, characters cut in bytes": {
    tokenizer: gpt2Bpe("abÃ©¶", ["a b", "Ã ©", "a Ã", "¶ b", "b Ã©"]),
    text: "abéaöbaéébaböab",
  },
  "byte-level BPE behind GPT-2's pattern": {
    tokenizer: gpt2Bpe("abĠĊ", ["Ġ a", "Ċ Ċ", "a b", "Ġ Ġ"]),
    text: "ab  a\n\nab \n ba  ab\n\n\na",
  },
  [WHOLE_PIECES]: {
    tokenizer: gpt2Bpe("as'!Ġ", ["' s", "! '", "s a", "Ġ '"], ["sas"]),
    text: "a's sas !'a sasa's",
  },
};

async function nextOf(reader: ByteReader): Promise<Float64Array> {
  return (await reader.next())!.probabilities;
}

function furthest(found: Float64Array, expected: Float64Array): number {
  return found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
}

describe.each(Object.entries(TEXTS))("%s", (name, { tokenizer, text }) => {
  const { size } = tokenizer.vocabulary;
  const bytes = utf8(text);
  const prefixes = Array.from({ length: bytes.length + 1 }, (_, end) => bytes.slice(0, end));

  it("after every byte the reader says what byteDistribution says of the whole prefix", async () => {
    for (const seed of [1]) {
      const model = continuingModel(size, { seed });
      const { distributions } = await byteDistributions({ model, tokenizer, prefixes });
      const reader = await byteReader({ model, tokenizer });
      for (const [i, { probabilities }] of distributions.entries()) {
        const at = JSON.stringify(Buffer.from(prefixes[i]).toString("latin1"));
        expect(furthest(await nextOf(reader), probabilities), `after ${at}`).toBeLessThan(1e-6);
        if (i < bytes.length) await reader.push(bytes[i]);
      }
    }
  });

  it("a prompt that ends anywhere is read like a text that grew to it", async () => {
    const model = continuingModel(size);
    const grown = await byteReader({ model, tokenizer });
    for (const prefix of prefixes) {
      const prompted = await byteReader({ model, tokenizer, prompt: prefix });
      expect(furthest(await nextOf(prompted), await nextOf(grown))).toBeLessThan(1e-6);
      if (prefix.length < bytes.length) await grown.push(bytes[prefix.length]);
    }
  });

  // A tokenizer with whole pieces may refuse its own tokens once the text goes on: the covers are then found anew.
  if (name === WHOLE_PIECES) return;

  it("a byte costs about one pass of one token, and no token is read twice", async () => {
    const model = continuingModel(size);
    const reader = await byteReader({ model, tokenizer });
    for (const byte of bytes) {
      await reader.next();
      await reader.push(byte);
    }
    expect(reader.cost).toEqual(model.continued);
    // Two runs of white space may end at one byte behind GPT-2's pattern.
    expect(reader.cost.passes).toBeLessThanOrEqual(1.2 * (bytes.length + 1));
    expect(reader.cost.tokens).toBe(reader.cost.passes);
  });

  it("in windows it gives every byte the probability of byteLevelScore", async () => {
    const model = continuingModel(size);
    const score = await byteLevelScore({ model, tokenizer, documents: [text], context: 4, perByte: true });
    const reader = await byteReader({ model, tokenizer, window: 4, tolerance: 0 });
    for (const [i, expected] of score.documents[0].probabilities!.entries()) {
      expect((await nextOf(reader))[bytes[i]], `byte ${i}`).toBeCloseTo(expected, 6);
      await reader.push(bytes[i]);
    }
  });
});

describe("what is read", () => {
  const { tokenizer, text } = TEXTS.BPE;
  const { size } = tokenizer.vocabulary;

  it("sequences of little share are not read, and no probability moves by more than they have", async () => {
    const models = [continuingModel(size), continuingModel(size)];
    const exact = await byteReader({ model: models[0], tokenizer, tolerance: 0 });
    const rough = await byteReader({ model: models[1], tokenizer, tolerance: 0.2 });
    for (const byte of utf8(text)) {
      expect(furthest(await nextOf(rough), await nextOf(exact))).toBeLessThan(0.2);
      await exact.push(byte);
      await rough.push(byte);
    }
    expect(rough.cost.passes).toBeLessThan(0.9 * exact.cost.passes);
  });

  it("ends where the context is full", async () => {
    const model = continuingModel(size, { contextLength: 5 });
    const reader = await byteReader({ model, tokenizer, prompt: "cccc" });
    expect(await reader.next()).toBeDefined();
    await reader.push("c".charCodeAt(0));
    expect(await reader.next()).toBeUndefined();
  });

  it("goes on behind a prompt of thousands of tokens", async () => {
    const model = continuingModel(size, { contextLength: 20_000 });
    const reader = await byteReader({ model, tokenizer, prompt: "abcc".repeat(1500), tolerance: 0.2 });
    expect((await nextOf(reader)).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    expect(reader.cost.tokens).toBeGreaterThan(2500);
  });

  it("begins without a BOS behind the first token, and is refused where there is none", async () => {
    const model = continuingModel(size);
    const reader = await byteReader({ model, tokenizer, bos: "never", prompt: "ab" });
    const { distributions } = await byteDistributions({ model, tokenizer, bos: "never", prefixes: ["ab"] });
    expect(furthest(await nextOf(reader), distributions[0].probabilities)).toBeLessThan(1e-6);
    await expect(byteReader({ model, tokenizer, bos: "never" })).rejects.toMatchObject({
      code: "bad_options",
      hint: expect.stringContaining("at least one token"),
    });
  });

  it("is refused for a prompt that no tokens cover, and for windows and tolerances that make no sense", async () => {
    const model = continuingModel(size);
    await expect(byteReader({ model, tokenizer, prompt: "abX" })).rejects.toMatchObject({
      name: "RevocabError",
    });
    await expect(byteReader({ model, tokenizer, window: 1 })).rejects.toMatchObject({ code: "bad_options" });
    await expect(byteReader({ model, tokenizer, tolerance: 1 })).rejects.toMatchObject({
      code: "bad_options",
    });
  });
});
