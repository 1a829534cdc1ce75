import { type ByteReader, byteReader, writeBytes } from "@revocab/byte-models";
import { continuingModel } from "@revocab/test-support/byte-random-model";
import { gpt2Bpe } from "@revocab/test-support/byte-tokenizers";
import { describe, expect, it } from "vitest";

const NOTHING = new Uint8Array(0);

/** A reader of the same distribution after every text. */
function constant(shares: Readonly<Record<number, number>>): ByteReader & { readonly pushed: number[] } {
  const pushed: number[] = [];
  const probabilities = Float64Array.from({ length: 257 }, (_, value) => shares[value] ?? 0);
  return {
    canEnd: true,
    cost: { passes: 0, tokens: 0 },
    pushed,
    next: async () => ({ probabilities, unread: 0 }),
    push: async (byte) => void pushed.push(byte),
  };
}

describe("writing byte by byte", () => {
  it("takes the most probable byte, and tells the reader", async () => {
    const reader = constant({ 97: 0.3, 98: 0.6, 256: 0.1 });
    const { bytes, endedBy } = await writeBytes({ reader, prompt: NOTHING, maxBytes: 3 });
    expect(Buffer.from(bytes).toString()).toBe("bbb");
    expect(endedBy).toBe("length");
    expect(reader.pushed).toEqual([98, 98, 98]);
  });

  it("ends with the text, which is no byte", async () => {
    const reader = constant({ 97: 0.3, 256: 0.7 });
    expect(await writeBytes({ reader, prompt: NOTHING })).toEqual({ bytes: NOTHING, endedBy: "stop" });
  });

  it("ends where the reader's context is full, and is refused where the prompt fills it", async () => {
    const reader = constant({ 97: 1 });
    const full: ByteReader = {
      ...reader,
      next: async () => (reader.pushed.length < 2 ? reader.next() : undefined),
    };
    const { bytes, endedBy } = await writeBytes({ reader: full, prompt: NOTHING });
    expect([bytes.length, endedBy]).toEqual([2, "context"]);
    await expect(writeBytes({ reader: full, prompt: NOTHING })).rejects.toMatchObject({
      code: "context_too_long",
    });
  });

  it("writes UTF-8 only, and finishes the character that the prompt or the limit cuts", async () => {
    // € is E2 82 AC; the most probable value would be the end, and then a letter.
    const reader = constant({ 226: 0.1, 130: 0.2, 172: 0.15, 97: 0.25, 256: 0.3 });
    const cut = await writeBytes({ reader, prompt: Uint8Array.of(0x61, 0xe2), maxBytes: 1 });
    expect([...cut.bytes]).toEqual([0x82, 0x82]);
    const begun = constant({ 226: 0.5, 130: 0.3, 172: 0.2 });
    const limited = await writeBytes({ reader: begun, prompt: NOTHING, maxBytes: 1 });
    expect([...limited.bytes]).toEqual([0xe2, 0x82, 0x82]);
  });

  it("draws the same bytes for the same seed, others for another, and only of the most probable where asked", async () => {
    const shares = { 97: 0.4, 98: 0.35, 99: 0.25 };
    const draw = async (options: object) => {
      const { bytes } = await writeBytes({
        ...{ reader: constant(shares), prompt: NOTHING, maxBytes: 60, temperature: 1 },
        ...options,
      });
      return Buffer.from(bytes).toString();
    };
    expect(await draw({ seed: 1 })).toBe(await draw({ seed: 1 }));
    expect(await draw({ seed: 1 })).not.toBe(await draw({ seed: 2 }));
    expect(new Set(await draw({}))).toEqual(new Set("abc"));
    expect(new Set(await draw({ topP: 0.7 }))).toEqual(new Set("ab"));
    expect(new Set(await draw({ topK: 1 }))).toEqual(new Set("a"));
    expect(new Set(await draw({ temperature: 0.01 }))).toEqual(new Set("a"));
    // 0.4 to the power of 1000 is 0 in f64
    expect(new Set(await draw({ temperature: 0.001 }))).toEqual(new Set("a"));
  });

  it("is refused where no byte has a probability that UTF-8 allows", async () => {
    await expect(writeBytes({ reader: constant({ 130: 1 }), prompt: NOTHING })).rejects.toMatchObject({
      code: "bad_text",
    });
  });

  it("what is not read changes no byte: greedy, drawn, and drawn from the most probable", async () => {
    const tokenizer = gpt2Bpe("abcd", ["a b", "b c", "ab c", "c a", "d d", "ca b"]);
    const model = continuingModel(tokenizer.vocabulary.size);
    const cost = { rough: 0, exact: 0 };
    const write = async (seed: number, options: object, isExact: boolean) => {
      const reader = await byteReader({ model, tokenizer, tolerance: 0 });
      const reading = isExact ? { ...reader, next: () => reader.next() } : reader;
      const { bytes } = await writeBytes({
        reader: reading,
        prompt: NOTHING,
        maxBytes: 25,
        seed,
        ...options,
      });
      cost[isExact ? "exact" : "rough"] += reader.cost.passes;
      return Buffer.from(bytes).toString();
    };
    for (const options of [
      {},
      { temperature: 1 },
      { temperature: 0.5, topP: 0.8 },
      { temperature: 2, topK: 2, topP: 0.7 },
    ])
      for (let seed = 0; seed < 4; seed++)
        expect(await write(seed, options, false)).toBe(await write(seed, options, true));
    expect(cost.rough).toBeLessThan(0.9 * cost.exact);
  });

  it("of a byte-level BPE whose tokens are parts of characters every text is UTF-8", async () => {
    const tokenizer = gpt2Bpe("abÃ©¶", ["a b", "Ã ©", "a Ã", "¶ b", "b Ã©"]);
    const model = continuingModel(tokenizer.vocabulary.size);
    for (let seed = 0; seed < 8; seed++) {
      const reader = await byteReader({ model, tokenizer });
      const { bytes } = await writeBytes({ reader, prompt: NOTHING, maxBytes: 25, temperature: 1, seed });
      expect(() => new TextDecoder("utf-8", { fatal: true }).decode(bytes)).not.toThrow();
    }
  });
});
