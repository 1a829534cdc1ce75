import {
  type ByteReader,
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

const nextOf = async (reader: ByteReader) => (await reader.next())!.probabilities;
const readersOf = () => Promise.all(voters.map((voter) => byteReader({ ...voter, prompt: "ab" })));

describe("models that vote", () => {
  it("the arithmetic mean is the weighted sum of their probabilities", async () => {
    const readers = await readersOf();
    const [a, b] = [await nextOf(readers[0]), await nextOf(readers[1])];
    const mixture = await nextOf(mixtureReader(readers, [0.75, 0.25]));
    for (const [value, share] of mixture.entries())
      expect(share).toBeCloseTo(0.75 * a[value] + 0.25 * b[value], 12);
  });

  it("the geometric mean is the product of their powers, scaled to sum 1", async () => {
    const readers = await readersOf();
    const [a, b] = [await nextOf(readers[0]), await nextOf(readers[1])];
    const products = a.map((share, value) => share ** 0.75 * b[value] ** 0.25);
    const sum = products.reduce((total, product) => total + product, 0);
    const mixture = await nextOf(mixtureReader(readers, [0.75, 0.25], "geometric"));
    for (const [value, share] of mixture.entries()) expect(share).toBeCloseTo(products[value] / sum, 12);
  });

  it("they read the same text, and one of weight 0 is not asked", async () => {
    const [together, half, alone] = [await readersOf(), await readersOf(), await readersOf()];
    const mixtures = [mixtureReader(together, [1, 0]), mixtureReader(half, [0.5, 0.5])];
    for (const byte of Buffer.from("cab")) {
      for (const reader of [...mixtures, ...alone]) await reader.push(byte);
    }
    const expected = await nextOf(alone[0]);
    expect(await nextOf(mixtures[0])).toEqual(expected);
    const other = await nextOf(alone[1]);
    expect(await nextOf(mixtures[1])).toEqual(expected.map((share, i) => (share + other[i]) / 2));
    expect(mixtures[0].cost).toEqual(together[0].cost);
    expect(together[1].cost.passes).toBe(0);
    expect(mixtures[1].cost.passes).toBe(half[0].cost.passes + half[1].cost.passes);
  });

  it("models without a common end are refused", async () => {
    const [one, other] = await readersOf();
    const endless = await byteReader({ ...voters[1], prompt: "ab", ends: new Set() });
    expect(() => mixtureReader([one, endless], [0.5, 0.5])).toThrow(
      expect.objectContaining({ code: "bad_options", message: expect.stringContaining("model 2 of 2") }),
    );
    expect(mixtureReader([endless, endless], [0.5, 0.5]).canEnd).toBe(false);
    expect(mixtureReader([one, endless], [1, 0]).canEnd).toBe(true);
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

  it("a byte that none but an improbable sequence of tokens writes has its bits", async () => {
    // after "abc" the byte b follows if that is no beginning of `abcc`; what such a beginning has is less than a reader's tolerance
    const tokenizer = plainBpe("abc", ["a b", "ab c", "abc c"]);
    const { size } = tokenizer.vocabulary;
    const [longer] = tokenizer.vocabulary.idsOf(Buffer.from("abcc"));
    const uneven = (seed: number) => {
      const model = continuingModel(size, { seed });
      return {
        ...model,
        continue: async (...given: Parameters<typeof model.continue>) => {
          const { logits, cache } = await model.continue(...given);
          return { cache, logits: logits.map((logit, id) => (id === longer ? logit + 30 : logit)) };
        },
      };
    };
    const voters = [1, 2].map((seed) => ({ tokenizer, model: uneven(seed) }));
    for (const mean of ["arithmetic", "geometric"] satisfies MixtureMean[]) {
      const { bitsPerByte, members } = await mixtureScore({ voters, documents: ["abcb"], mean });
      for (const bits of [bitsPerByte, ...members.map((member) => member.bitsPerByte)]) {
        expect(bits).toBeGreaterThan(5);
        expect(bits).toBeLessThan(40);
      }
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
