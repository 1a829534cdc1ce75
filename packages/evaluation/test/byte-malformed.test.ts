import { byteDistribution, byteLevelScore } from "@revocab/evaluation";
import { randomModel } from "@revocab/test-support/byte-random-model";
import { plainBpe, sentencePieceBpe } from "@revocab/test-support/byte-tokenizers";
import { failure } from "@revocab/test-support/failure";
import { tokenizerFromFiles } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

const tokenizer = plainBpe("ab", ["a b"]);
const model = randomModel(tokenizer.vocabulary.size);

describe("is refused with what was found and expected", () => {
  it("a masked model", async () => {
    const error = await failure(
      byteDistribution({ model: { ...model, kind: "masked" }, tokenizer, prefix: "a" }),
    );
    expect(error).toMatchObject({ code: "bad_options", message: expect.stringContaining("masked") });
  });

  it("a model with fewer rows than the tokenizer has ids", async () => {
    const error = await failure(byteDistribution({ model: randomModel(3), tokenizer, prefix: "a" }));
    expect(error).toMatchObject({ code: "shape_mismatch", message: expect.stringMatching(/3 rows.* 5 ids/) });
  });

  it("an empty prefix without a BOS", async () => {
    const error = await failure(byteDistribution({ model, tokenizer, prefix: "", bos: "never" }));
    expect(error.code).toBe("bad_options");
  });

  it("bytes that are broken inside, not those that end inside a character", async () => {
    const withBytes = sentencePieceBpe("▁a", [0xc3, 0xa9], []);
    const options = { model: randomModel(withBytes.vocabulary.size), tokenizer: withBytes };
    const error = await failure(byteDistribution({ ...options, prefix: Uint8Array.of(0x61, 0xc3, 0x61) }));
    expect(error).toMatchObject({ code: "bad_text", message: expect.stringContaining("UTF-8") });
    const { probabilities } = await byteDistribution({ ...options, prefix: Uint8Array.of(0x61, 0xc3) });
    expect(probabilities[0xa9]).toBeCloseTo(1, 9);
  });

  it("nothing but texts with a character that the tokenizer cannot write", async () => {
    const unknown = sentencePieceBpe("▁a", [0xc3], []);
    const options = { model: randomModel(unknown.vocabulary.size), tokenizer: unknown };
    const error = await failure(byteLevelScore({ ...options, documents: ["aña", "ñ"] }));
    expect(error).toMatchObject({
      code: "bad_text",
      message: expect.stringMatching(/2 of 2 documents.*<unk>/),
    });
  });

  it("nothing but a text that loses a character", async () => {
    const error = await failure(byteLevelScore({ model, tokenizer, documents: ["abxa"] }));
    expect(error).toMatchObject({ code: "bad_text", message: expect.stringContaining("byte 2") });
  });

  it("no text at all", async () => {
    for (const documents of [[], [""]]) {
      expect((await failure(byteLevelScore({ model, tokenizer, documents }))).code).toBe("bad_text");
    }
  });

  it("a context that is no window, or longer than the model's", async () => {
    for (const context of [1, 2.5, 1024]) {
      const error = await failure(byteLevelScore({ model, tokenizer, documents: ["ab"], context }));
      expect(error).toMatchObject({ code: "bad_options", message: expect.stringContaining(String(context)) });
    }
  });

  it("a WordPiece tokenizer", async () => {
    const json = {
      version: "1.0",
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: { type: "BertPreTokenizer" },
      post_processor: null,
      decoder: { type: "WordPiece", prefix: "##", cleanup: true },
      model: {
        type: "WordPiece",
        unk_token: "[UNK]",
        continuing_subword_prefix: "##",
        max_input_chars_per_word: 100,
        vocab: { "[UNK]": 0, a: 1, "##a": 2 },
      },
    };
    const files = new Map([["tokenizer.json", new TextEncoder().encode(JSON.stringify(json))]]);
    const wordPiece = tokenizerFromFiles(files, "hand-made");
    const error = await failure(
      byteDistribution({ model: randomModel(3), tokenizer: wordPiece, prefix: "a" }),
    );
    expect(error.code).toBe("unsupported_tokenizer");
  });

  it("an aborted signal", async () => {
    const error = await failure(
      byteLevelScore({ model, tokenizer, documents: ["abab"], job: { abortSignal: AbortSignal.abort() } }),
    );
    expect(error.code).toBe("aborted");
  });
});
