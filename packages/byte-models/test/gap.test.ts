import { byteReader, type ContinuingModel, writeBytes } from "@revocab/byte-models";
import type { TokenId } from "@revocab/core";
import { continuingModel, logProbabilitiesAfter } from "@revocab/test-support/byte-random-model";
import { gpt2Bpe, sentencePieceBpe } from "@revocab/test-support/byte-tokenizers";
import { describe, expect, it } from "vitest";

const MARKS = ["<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<file_sep>"];
const tokenizer = gpt2Bpe("abcÃ©", ["a b", "ab c", "c a"], [], MARKS);
const { vocabulary } = tokenizer;
const { size } = vocabulary;
const idsOf = (...tokens: string[]): TokenId[] => tokens.map((token) => idOf(token));

function idOf(token: string): TokenId {
  return Array.from({ length: size }, (_, id) => id).find((id) => vocabulary.tokenOf(id) === token)!;
}

/** A random model that keeps the first tokens it was given. */
function listening(): ContinuingModel & { readonly heard: TokenId[][] } {
  const heard: TokenId[][] = [];
  const model = continuingModel(size);
  return {
    ...model,
    heard,
    continue(tokens, options) {
      heard.push([...tokens]);
      return model.continue(tokens, options);
    },
  };
}

describe("a gap before a suffix", () => {
  it("prefix first: the model reads the prefix, the suffix, and then the gap", async () => {
    const model = listening();
    const reader = await byteReader({ model, tokenizer, prompt: "aab", suffix: "ca" });
    await reader.next();
    expect(model.heard[0]).toEqual(
      idsOf("<s>", "<fim_prefix>", "a", "ab", "<fim_suffix>", "ca", "<fim_middle>"),
    );
  });

  it("suffix first: the prefix and the gap are one text, so that a token may stand in both", async () => {
    const model = listening();
    const options = { model, tokenizer, suffix: "ca", gapOrder: "suffix-first" } as const;
    const reader = await byteReader({ ...options, prompt: "aab" });
    const next = (await reader.next())!;
    const opening = idsOf("<s>", "<fim_prefix>", "<fim_suffix>", "ca", "<fim_middle>", "a");
    expect(model.heard[0]).toEqual(opening);
    // c goes on with the token "abc" alone: behind "ab" the tokenizer writes no token that begins with it.
    const afterA = logProbabilitiesAfter(opening, size, 1);
    const [ofAbc, ofAb] = idsOf("abc", "ab").map((id) => Math.exp(afterA[id]));
    expect(next.probabilities[0x63]).toBeCloseTo(ofAbc / (ofAbc + ofAb), 6);
  });

  it("ends with the text, a mark of the gap, or that of the next file", async () => {
    const model = listening();
    const reader = await byteReader({ model, tokenizer, prompt: "a", suffix: "b" });
    const { probabilities } = (await reader.next())!;
    const after = logProbabilitiesAfter(model.heard[0], size, 1).map(Math.exp);
    const sumOf = (tokens: readonly string[]) => idsOf(...tokens).reduce((sum, id) => sum + after[id], 0);
    const ending = sumOf(["</s>", ...MARKS]);
    const text = sumOf(["a", "b", "c", "Ã", "ab", "abc", "ca"]);
    expect(probabilities[256]).toBeCloseTo(ending / (ending + text), 6);
  });

  it("a prefix that ends inside a character leaves the rest of it to the gap", async () => {
    for (const gapOrder of ["prefix-first", "suffix-first"] as const) {
      const prompt = Uint8Array.of(0x61, 0xc3);
      const reader = await byteReader({
        model: continuingModel(size),
        tokenizer,
        prompt,
        suffix: "b",
        gapOrder,
      });
      const { bytes } = await writeBytes({ reader, prompt, maxBytes: 1 });
      expect([...bytes]).toEqual([0xa9]);
    }
  });

  it("is refused where no tokens mark it, and where every text begins with a space", async () => {
    const unmarked = gpt2Bpe("ab", ["a b"]);
    await expect(
      byteReader({ model: continuingModel(unmarked.vocabulary.size), tokenizer: unmarked, suffix: "b" }),
    ).rejects.toMatchObject({ code: "bad_options", message: expect.stringContaining("<fim_prefix>") });
    const spaced = sentencePieceBpe("▁ab", [], ["▁ a"], MARKS);
    await expect(
      byteReader({ model: continuingModel(spaced.vocabulary.size), tokenizer: spaced, suffix: "b" }),
    ).rejects.toMatchObject({ code: "unsupported_tokenizer" });
    await expect(
      byteReader({ model: continuingModel(size), tokenizer, prompt: "a", suffix: "<fim_middle>" }),
    ).rejects.toMatchObject({ code: "bad_text" });
  });
});
