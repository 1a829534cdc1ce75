import {
  byteReader,
  fitWeights,
  type MixtureMean,
  mixtureReader,
  mixtureScore,
  mixtureWeights,
} from "@revocab/byte-models";
import { byteLevelScore } from "@revocab/evaluation";
import { continuingModel } from "@revocab/test-support/byte-random-model";
import { gpt2Bpe, plainBpe } from "@revocab/test-support/byte-tokenizers";
import { describe, expect, it } from "vitest";

const first = plainBpe("abc", ["a b", "b c", "ab c", "c a", "ca b"]);
const second = gpt2Bpe("abc", ["b a", "c c"]);
const voters = [
  { tokenizer: first, model: continuingModel(first.vocabulary.size, { seed: 1 }) },
  { tokenizer: second, model: continuingModel(second.vocabulary.size, { seed: 2 }) },
];
const documents = ["abcabbcacabcaabcbcab", "ccabacbbaab"];

const readersOf = () => Promise.all(voters.map((voter) => byteReader({ ...voter, prompt: "ab" })));

describe("models that vote", () => {
  it("the arithmetic mean is the weighted sum of their probabilities", async () => {
    const readers = await readersOf();
    const [a, b] = [(await readers[0].next())!, (await readers[1].next())!];
    const mixture = (await mixtureReader(readers, [0.75, 0.25]).next())!;
    for (const [value, share] of mixture.entries())
      expect(share).toBeCloseTo(0.75 * a[value] + 0.25 * b[value], 12);
  });

  it("the geometric mean is the product of their powers, scaled to sum 1", async () => {
    const readers = await readersOf();
    const [a, b] = [(await readers[0].next())!, (await readers[1].next())!];
    const products = a.map((share, value) => share ** 0.75 * b[value] ** 0.25);
    const sum = products.reduce((total, product) => total + product, 0);
    const mixture = (await mixtureReader(readers, [0.75, 0.25], "geometric").next())!;
    for (const [value, share] of mixture.entries()) expect(share).toBeCloseTo(products[value] / sum, 12);
  });

  it("they read the same text: a byte is put behind that of each", async () => {
    const together = await readersOf();
    const alone = await readersOf();
    const mixture = mixtureReader(together, [1, 0]);
    for (const byte of Buffer.from("cab")) {
      await mixture.push(byte);
      await alone[0].push(byte);
    }
    expect(await mixture.next()).toEqual(await alone[0].next());
    expect(mixture.cost.passes).toBe(together[0].cost.passes + together[1].cost.passes);
  });

  it("models without a common end are refused", async () => {
    const [one, other] = await readersOf();
    const endless = await byteReader({ ...voters[1], prompt: "ab", ends: new Set() });
    expect(() => mixtureReader([one, endless], [0.5, 0.5])).toThrow(
      expect.objectContaining({ code: "bad_options", message: expect.stringContaining("model 2 of 2") }),
    );
    expect(mixtureReader([endless, endless], [0.5, 0.5]).canEnd).toBe(false);
    expect(mixtureReader([one, other], [0.5, 0.5]).canEnd).toBe(true);
  });

  it("weights are scaled to sum 1; another number of them is refused, and so are negative ones", () => {
    expect(mixtureWeights(2, [3, 1])).toEqual([0.75, 0.25]);
    expect(mixtureWeights(4)).toEqual([0.25, 0.25, 0.25, 0.25]);
    for (const wrong of [[1], [1, 2, 3], [-1, 2], [0, 0], [Number.NaN, 1]]) {
      expect(() => mixtureWeights(2, wrong), `${wrong}`).toThrow(
        expect.objectContaining({ code: "bad_options" }),
      );
    }
  });
});

describe("the score of models together", () => {
  it("each alone has the bits of byteLevelScore", async () => {
    const { members, bytes } = await mixtureScore({ voters, documents });
    for (const [i, voter] of voters.entries()) {
      const alone = await byteLevelScore({ ...voter, documents });
      expect(members[i].bitsPerByte).toBeCloseTo(alone.bitsPerByte, 5);
      expect(bytes).toBe(alone.bytes);
    }
  });

  it("with all weight on one model is that model's", async () => {
    for (const mean of ["arithmetic", "geometric"] satisfies MixtureMean[]) {
      const { bitsPerByte, members } = await mixtureScore({ voters, documents, mean, weights: [0, 2] });
      expect(bitsPerByte).toBeCloseTo(members[1].bitsPerByte, 9);
      expect(members.map(({ weight }) => weight)).toEqual([0, 1]);
    }
  });

  it("a document that some tokenizer cannot write is left out and reported", async () => {
    const score = await mixtureScore({ voters, documents: [...documents, "abx"] });
    expect(score.skippedDocuments).toMatchObject([{ index: 2, bytes: 3 }]);
    expect(score.bytes).toBe(31);
    await expect(mixtureScore({ voters, documents: ["abx"] })).rejects.toMatchObject({ code: "bad_text" });
  });
});

describe("fitted weights", () => {
  it.each(["arithmetic", "geometric"] satisfies MixtureMean[])(
    "%s: none of a grid is better on the same text",
    async (mean) => {
      const { weights, bitsPerByte } = await fitWeights({ voters, documents, mean });
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
      const fitted = await mixtureScore({ voters, documents, mean, weights });
      expect(fitted.bitsPerByte).toBeCloseTo(bitsPerByte, 9);
      for (let i = 0; i <= 10; i++) {
        const other = await mixtureScore({ voters, documents, mean, weights: [i / 10, 1 - i / 10] });
        expect(other.bitsPerByte).toBeGreaterThan(bitsPerByte - 1e-6);
      }
    },
  );
});
