import { byteDistribution, byteDistributions } from "@revocab/evaluation";
import { logProbabilitiesAfter, randomModel } from "@revocab/test-support/byte-random-model";
import { gpt2Bpe, plainBpe, sentencePieceBpe } from "@revocab/test-support/byte-tokenizers";
import { describe, expect, it } from "vitest";
import { bytesByEnumeration, everyEncoding } from "./byte-oracle.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);

/** All byte prefixes of all texts of some letters. */
function prefixesOf(letters: string, most: number): Uint8Array[] {
  const found = new Map<string, Uint8Array>();
  let texts = [""];
  for (let length = 0; length <= most; length++) {
    for (const text of texts) {
      const bytes = utf8(text);
      for (let end = 0; end <= bytes.length; end++)
        found.set(bytes.subarray(0, end).join(), bytes.slice(0, end));
    }
    texts = texts.flatMap((text) => [...letters].map((letter) => text + letter));
  }
  return [...found.values()];
}

describe("a hand-worked example", () => {
  // <s> 0, </s> 1, h 2, t 3, th 4: after "t" comes h only by the token th, never by h after t.
  const tokenizer = plainBpe("ht", ["t h"]);
  const model = randomModel(tokenizer.vocabulary.size);
  const after = (tokens: number[]) =>
    Float64Array.from(logProbabilitiesAfter(tokens, 5, 1), (logarithm) => Math.exp(logarithm));

  it("the byte after t is h by the token th, and by no h after t", async () => {
    const { probabilities, invalidMass } = await byteDistribution({ model, tokenizer, prefix: "t" });
    const start = after([0]);
    const t = after([0, 3]);
    // At the start all but <s> may come; after t all but <s> and h.
    const startKept = 1 - start[0];
    const tKept = 1 - t[0] - t[2];
    const byTh = start[4] / startKept;
    const byT = start[3] / startKept;
    const total = byTh + byT;
    expect(probabilities[0x68]).toBeCloseTo(byTh / total, 6);
    expect(probabilities[0x74]).toBeCloseTo((byT * (t[3] + t[4])) / tKept / total, 6);
    expect(probabilities[256]).toBeCloseTo((byT * t[1]) / tKept / total, 6);
    const removed = (byT * (t[0] + t[2])) / tKept;
    expect(invalidMass).toBeCloseTo(removed / (removed + total), 6);
  });
});

describe("equals the sum over every text's encoding", () => {
  const cases = {
    BPE: {
      tokenizer: plainBpe("abc", ["a b", "b c", "ab c", "c a", "ca b"]),
      letters: "abc",
      prefix: 4,
      text: 8,
    },
    "BPE with byte fallback and a dummy prefix": {
      tokenizer: sentencePieceBpe("▁abö", [0xc3, 0xa9, 0xb6], ["a b", "▁ a", "▁ ab", "ö a"]),
      letters: "abéö ",
      prefix: 3,
      text: 6,
    },
    "byte-level BPE, characters cut in bytes": {
      tokenizer: gpt2Bpe("abÃ©¶", ["a b", "Ã ©", "a Ã", "¶ b", "b Ã©"]),
      letters: "abéö",
      prefix: 3,
      text: 6,
    },
    "byte-level BPE behind GPT-2's pattern": {
      tokenizer: gpt2Bpe("abĠĊ", ["Ġ a", "Ċ Ċ", "a b", "Ġ Ġ"]),
      letters: "ab \n",
      prefix: 4,
      text: 7,
    },
    "byte-level BPE, where 's is a word by itself only after some characters": {
      tokenizer: gpt2Bpe("as'!Ġ", ["' s", "! '", "s a", "Ġ '"]),
      letters: "as'! ",
      prefix: 4,
      text: 7,
    },
  };
  for (const [name, { tokenizer, letters, prefix, text }] of Object.entries(cases)) {
    it(name, async () => {
      const encodings = await everyEncoding(tokenizer, letters, text);
      const lead = utf8(
        (await tokenizer.encode("b"))[0] === tokenizer.vocabulary.idsOf(utf8("b"))[0] ? "" : " ",
      );
      const prefixes = prefixesOf(letters, prefix);
      for (const seed of [1, 2]) {
        const model = randomModel(tokenizer.vocabulary.size, { seed });
        const { distributions } = await byteDistributions({ model, tokenizer, prefixes });
        for (const [i, { probabilities, deadEndMass }] of distributions.entries()) {
          const stream = Buffer.concat([lead, prefixes[i]]);
          const expected = bytesByEnumeration(encodings, tokenizer, stream, seed, lead.length);
          const furthest = probabilities.reduce(
            (most, p, byte) => Math.max(most, Math.abs(p - expected.probabilities[byte])),
            0,
          );
          const at = JSON.stringify(Buffer.from(prefixes[i]).toString("latin1"));
          expect(furthest, `after ${at}`).toBeLessThan(1e-6);
          expect(sum(probabilities), `after ${at}`).toBeCloseTo(1, 10);
          expect(deadEndMass, `after ${at}`).toBeLessThan(1e-9);
        }
      }
    });
  }
});
