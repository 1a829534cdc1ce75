import { join } from "node:path";
import { bitsPerByte } from "@revocab/evaluation";
import { readText } from "@revocab/files";
import { realData as data } from "@revocab/test-support/real-data";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";
import { uniformModel } from "./hand-made-models.ts";

/**
 * What the loop of tools/oracle/bits_per_byte.py counts with the tokenizers of transformers 5.18, but for GPT-2: its
 * folder names no roles, so the script sets no BOS; a model folder that revocab writes names them.
 */
describe.skipIf(data === undefined)("the convention of bits_per_byte.py on real texts", () => {
  it.each([
    [150_000, { documents: 188, bytes: 149_515 }],
    [60_000, { documents: 81, bytes: 59_420 }],
  ])("the first stories within %d bytes are the script's", async (maxBytes, { documents, bytes }) => {
    const text = await readText(join(data!, "text/tinystories.txt"), { maxBytes });
    expect(text).toMatchObject({ bytes, boundary: "endoftext", isWhole: false, notes: [] });
    expect(text.documents).toHaveLength(documents);
  });

  it.each([
    [
      "models/stories260k",
      150_000,
      512,
      "auto",
      { bos: "<s>", tokens: 75_239, windows: 210, scoredTokens: 75_239 },
    ],
    [
      "models/stories260k",
      60_000,
      512,
      "auto",
      { bos: "<s>", tokens: 29_061, windows: 83, scoredTokens: 29_061 },
    ],
    [
      "models/stories260k",
      60_000,
      100,
      "auto",
      { bos: "<s>", tokens: 29_061, windows: 340, scoredTokens: 29_061 },
    ],
    [
      "tokenizers/qwen2",
      60_000,
      128,
      "auto",
      { bos: null, tokens: 14_106, windows: 154, scoredTokens: 14_025 },
    ],
    [
      "tokenizers/gpt2",
      60_000,
      128,
      "never",
      { bos: null, tokens: 14_482, windows: 157, scoredTokens: 14_401 },
    ],
    [
      "tokenizers/gpt2",
      60_000,
      128,
      "always",
      { bos: "<|endoftext|>", tokens: 14_482, scoredTokens: 14_482 },
    ],
  ] as const)(
    "%s in %d bytes of stories, context %d, BOS %s",
    async (folder, maxBytes, context, bos, expected) => {
      const { documents } = await readText(join(data!, "text/tinystories.txt"), { maxBytes });
      const tokenizer = await loadTokenizer(join(data!, folder));
      const model = uniformModel({ vocabularySize: tokenizer.vocabulary.size, contextLength: context });
      const score = await bitsPerByte({ model, tokenizer, documents, bos });
      expect(score).toMatchObject({ ...expected, context, unknownTokens: { count: 0 } });
    },
  );

  it("100,000 bytes of Shakespeare are one document, whose first character is not scored", async () => {
    const path = join(data!, "text/shakespeare.txt");
    const { documents, bytes } = await readText(path, { maxBytes: 100_000, split: "none" });
    const tokenizer = await loadTokenizer(join(data!, "models/shakespeare-char"));
    const model = uniformModel({ vocabularySize: 65, contextLength: 96 });
    const score = await bitsPerByte({ model, tokenizer, documents });
    expect(bytes).toBe(100_000);
    expect(score).toMatchObject({
      documents: 1,
      tokens: 100_000,
      scoredTokens: 99_999,
      windows: 1053,
      bos: null,
    });
    expect(score.bitsPerByte).toBeCloseTo((99_999 * Math.log2(65)) / 100_000, 5);
    expect(score.notes).toEqual([]);
  });

  it("a character model that turns what it does not know into spaces is found out", async () => {
    const tokenizer = await loadTokenizer(join(data!, "models/shakespeare-char"));
    const model = uniformModel({ vocabularySize: 65, contextLength: 96 });
    const score = await bitsPerByte({ model, tokenizer, documents: ["Is it 2 o'clock, señor?"] });
    expect(score.droppedCharacters).toEqual({ count: 2, examples: ["2", "ñ"] });
  });

  it("a WordPiece tokenizer's unknown words are counted, and the characters that make them so are named", async () => {
    const tokenizer = await loadTokenizer(join(data!, "tokenizers/bert-cased"));
    const model = uniformModel({ vocabularySize: tokenizer.vocabulary.size, contextLength: 96 });
    const score = await bitsPerByte({ model, tokenizer, documents: ["He said 🙂 and ate 🍕🙂."] });
    expect(score.unknownTokens).toEqual({ count: 2, examples: ["🙂", "🍕"] });
  });

  it("the unknown tokens that a text itself has in writing are told from characters that are unknown", async () => {
    const tokenizer = await loadTokenizer(join(data!, "tokenizers/llama-2"));
    const model = uniformModel({ vocabularySize: tokenizer.vocabulary.size, contextLength: 512 });
    const score = await bitsPerByte({ model, tokenizer, documents: ["The <unk> and <unk> of it."] });
    expect(score.unknownTokens).toEqual({ count: 2, examples: [] });
    expect(score.notes).toEqual(["the text itself has <unk> in 2 places; each is scored as that one token"]);
  });

  it.each(["xquad.zh.txt", "xquad.ar.txt", "xquad.de.txt"])("GPT-2 can write all of %s", async (name) => {
    const { documents } = await readText(join(data!, "text", name), { maxBytes: 50_000, split: "none" });
    const tokenizer = await loadTokenizer(join(data!, "tokenizers/gpt2"));
    const model = uniformModel({ vocabularySize: tokenizer.vocabulary.size, contextLength: 512 });
    const score = await bitsPerByte({ model, tokenizer, documents });
    expect(score.unknownTokens.count + score.droppedCharacters.count).toBe(0);
  });
});
