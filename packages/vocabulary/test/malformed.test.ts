import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RevocabError } from "@revocab/core";
import { added, tokenizerJson } from "@revocab/test-support/tokenizer-json";
import { tokenizerFrom } from "@revocab/test-support/tokenizer-of";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

const bpe = (parts: object) =>
  tokenizerJson({ model: { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: [], ...parts } });
const unigram = (vocab: unknown, parts: object = {}) =>
  tokenizerJson({ model: { type: "Unigram", vocab, ...parts } });

describe("a file that is no tokenizer gives one clear error", () => {
  const cases: [string, string, string, RegExp][] = [
    ["an empty file", "", "bad_tokenizer", /empty/],
    ["text that is no JSON", "hello", "bad_tokenizer", /no JSON but text that starts with "hello"/],
    ["a file cut short", bpe({}).slice(0, -40), "bad_tokenizer", /cut short/],
    ["JSON of something else", '{"bos_token": "<s>"}', "bad_tokenizer", /no tokenizer: model/],
    ["a list", "[]", "bad_tokenizer", /no tokenizer: the file/],
    [
      "a model without a vocab",
      tokenizerJson({ model: { type: "BPE", merges: [] } }),
      "bad_tokenizer",
      /model\.vocab: found nothing/,
    ],
    ["an empty vocab", bpe({ vocab: {} }), "bad_tokenizer", /empty/],
    ["an unknown model type", bpe({ type: "Morphemes" }), "unsupported_tokenizer", /"Morphemes"/],
    ["two pieces with one id", bpe({ vocab: { a: 0, b: 0 } }), "bad_tokenizer", /id 0 to both "a" and "b"/],
    ["a negative id", bpe({ vocab: { a: -1 } }), "bad_tokenizer", /found -1/],
    ["a fractional id", bpe({ vocab: { a: 0.5 } }), "bad_tokenizer", /found 0\.5/],
    ["an id that is text", bpe({ vocab: { a: "0" } }), "bad_tokenizer", /found "0"/],
    ["an id too large to make room for", bpe({ vocab: { a: 4_000_000_000 } }), "bad_tokenizer", /4000000000/],
    ["BPE without merges", bpe({ merges: undefined }), "bad_tokenizer", /model\.merges: found nothing/],
    ["a merge of an unknown piece", bpe({ merges: ["a c"] }), "bad_tokenizer", /no "c"/],
    [
      "a merge into an unknown piece, which would abort the process",
      bpe({ merges: [["b", "a"]] }),
      "bad_tokenizer",
      /no "ba"/,
    ],
    ["a merge of three", bpe({ merges: ["a b a"] }), "bad_tokenizer", /merges\[0\]: found "a b a"/],
    ["a merge that is no pair", bpe({ merges: [7] }), "bad_tokenizer", /merges\[0\]: found 7/],
    [
      "a merge shorter than the prefix",
      bpe({ merges: ["a b"], continuing_subword_prefix: "##" }),
      "bad_tokenizer",
      /merges\[0\]/,
    ],
    ["Unigram with an object", unigram({ a: 0 }), "bad_tokenizer", /expected a list/],
    ["a piece without a score", unigram([["a"]]), "bad_tokenizer", /vocab\[0\]: found \["a"\]/],
    ["a score that is null", unigram([["a", null]]), "bad_tokenizer", /vocab\[0\]/],
    [
      "a piece twice",
      unigram([
        ["a", 0],
        ["a", -1],
      ]),
      "bad_tokenizer",
      /"a" at both 0 and 1/,
    ],
    ["an unk beyond the pieces", unigram([["a", 0]], { unk_id: 5 }), "bad_tokenizer", /unk_id is 5/],
  ];
  it.each(cases)("%s", (_name, file, code, message) => {
    const error = failureOf(() => tokenizerFrom({ "tokenizer.json": file }));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.message).toContain("test/tokenizer.json");
    expect(error.hint).toBeTruthy();
  });

  const withAdded = (...tokens: object[]) =>
    tokenizerJson({ model: { type: "BPE", vocab: { a: 0, b: 1 }, merges: [] }, added: tokens });
  it.each([
    [
      "an added token on the id of a piece",
      withAdded(added(1, "<s>")),
      /id 1 belongs to both "b" and the added token "<s>"/,
    ],
    ["two added tokens on one id", withAdded(added(2, "<s>"), added(2, "</s>")), /id 2 belongs to both/],
    ["one added token on two ids", withAdded(added(2, "<s>"), added(3, "<s>")), /id 3 and id 2/],
    ["an added token that the model has elsewhere", withAdded(added(1, "a")), /"a" has id 1 and id 0/],
    ["an added token without content", withAdded({ id: 2 }), /added_tokens\.0\.content/],
    ["an added token with a huge id", withAdded(added(1e9, "<s>")), /added_tokens\.0\.id/],
  ])("%s", (_name, file, message) => {
    const error = failureOf(() => tokenizerFrom({ "tokenizer.json": file }));
    expect(error.code).toBe("bad_tokenizer");
    expect(error.message).toMatch(message);
  });

  it.each([
    ["missing", null],
    ["empty", ""],
    ["no base64", "not base64"],
    ["too short", "AAAA"],
    ["pointing outside", "BAAAAAAAAAAA"],
  ])("a character map that is %s, which would abort the process", async (_name, charsmap) => {
    const file = tokenizerJson({
      model: { type: "BPE", vocab: { a: 0 }, merges: [] },
      normalizer: {
        type: "Sequence",
        normalizers: [{ type: "Precompiled", precompiled_charsmap: charsmap }],
      },
    });
    const tokenizer = tokenizerFrom({ "tokenizer.json": file });
    await expect(tokenizer.encode("a")).rejects.toMatchObject({
      code: "bad_tokenizer",
      message: expect.stringContaining("test/tokenizer.json: normalizer.precompiled_charsmap"),
    });
    await expect(tokenizer.normalize("a")).rejects.toThrow("precompiled_charsmap");
  });

  it("a tokenizer_config.json that is broken is named", () => {
    const error = failureOf(() =>
      tokenizerFrom({ "tokenizer.json": bpe({}), "tokenizer_config.json": '{"bos' }),
    );
    expect(error.code).toBe("bad_tokenizer");
    expect(error.message).toContain("test/tokenizer_config.json");
  });

  it("bytes that are no UTF-8", async () => {
    const folder = await mkdtemp(join(tmpdir(), "revocab-"));
    try {
      await writeFile(join(folder, "tokenizer.json"), Uint8Array.of(0x7b, 0xff, 0x7d));
      await expect(loadTokenizer(folder)).rejects.toMatchObject({ code: "bad_tokenizer" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("a place without a tokenizer", () => {
  it("that does not exist says what to give", async () => {
    await expect(loadTokenizer("/no/such/place")).rejects.toMatchObject({
      code: "missing_file",
      message: expect.stringContaining("/no/such/place"),
      hint: expect.stringContaining("tokenizer.json"),
    });
  });

  it("that is an empty folder, or has half of a vocabulary, says so", async () => {
    const folder = await mkdtemp(join(tmpdir(), "revocab-"));
    try {
      await expect(loadTokenizer(folder)).rejects.toMatchObject({ code: "missing_file" });
      await writeFile(join(folder, "vocab.json"), "{}");
      await expect(loadTokenizer(folder)).rejects.toMatchObject({
        code: "missing_file",
        message: expect.stringContaining("found vocab.json without merges.txt"),
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

function failureOf(run: () => unknown): RevocabError {
  try {
    run();
  } catch (error) {
    if ((error as Error).name === "RevocabError") return error as RevocabError;
    throw error;
  }
  throw new Error("nothing failed");
}
