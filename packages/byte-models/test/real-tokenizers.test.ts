import { join } from "node:path";
import { byteReader } from "@revocab/byte-models";
import { byteDistributions } from "@revocab/evaluation";
import { continuingModel } from "@revocab/test-support/byte-random-model";
import { realData } from "@revocab/test-support/real-data";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

/** A contraction, digits, line breaks, and characters of two and four bytes. */
const TEXT = " it's é\n\n12 🙂";

describe.skipIf(realData === undefined)("after every byte, with the tokenizer of a real model", () => {
  it.each(["gpt2", "llama-2"])("%s: the reader says what byteDistribution says", async (name) => {
    const tokenizer = await loadTokenizer(join(realData!, "tokenizers", name));
    const model = continuingModel(tokenizer.vocabulary.size);
    const bytes = new TextEncoder().encode(`a${TEXT}`);
    const prefixes = Array.from({ length: bytes.length }, (_, end) => bytes.slice(0, end + 1));
    const { distributions } = await byteDistributions({ model, tokenizer, prefixes, bos: "never" });
    const reader = await byteReader({ model, tokenizer, prompt: "a", bos: "never" });
    for (const [i, { probabilities }] of distributions.entries()) {
      const found = (await reader.next())!.probabilities;
      const furthest = found.reduce(
        (most, share, value) => Math.max(most, Math.abs(share - probabilities[value])),
        0,
      );
      expect(furthest, `after ${i + 1} bytes`).toBeLessThan(1e-6);
      if (i + 1 < bytes.length) await reader.push(bytes[i + 1]);
    }
  });
});
