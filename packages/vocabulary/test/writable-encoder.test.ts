import { tokenizerOf } from "@revocab/test-support/tokenizer-of";
import { writableEncoder } from "@revocab/vocabulary";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const ids = (pieces: readonly string[]) => Object.fromEntries(pieces.map((piece, id) => [piece, id]));
const PIECES = ["a", "b", "c", " ", "ab", "cab"];

const unigram = () =>
  tokenizerOf({
    model: { type: "Unigram", unk_id: null, vocab: PIECES.map((piece) => [piece, -8 / piece.length]) },
  });
const wordLevel = () =>
  tokenizerOf({
    model: { type: "WordLevel", unk_token: "[UNK]", vocab: ids(PIECES) },
    preTokenizer: { type: "BertPreTokenizer" },
  });
const wordPiece = () =>
  tokenizerOf({
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: ids([...PIECES, "##b"]),
    },
    preTokenizer: { type: "BertPreTokenizer" },
  });
const bpe = (unk: object = {}) =>
  tokenizerOf({ model: { type: "BPE", vocab: ids(["a", "b", " ", "ab"]), merges: ["a b"], ...unk } });

const tokensOf = async (tokenizer: ReturnType<typeof bpe>, text: string) => {
  const { ids: found, refused } = await writableEncoder(tokenizer)(text);
  return [Array.from(found, (id) => tokenizer.vocabulary.tokenOf(id)), refused];
};

describe("a tokenizer without an unknown token", () => {
  it.each([
    ["Unigram", unigram],
    ["WordPiece", wordPiece],
    ["WordLevel", wordLevel],
    ["BPE that names one it does not have", () => bpe({ unk_token: "<unk>" })],
  ])("refuses what it cannot write with a code of its own: %s", async (_, make) => {
    const tokenizer = make();
    expect(await tokenizer.encode("ab ab")).not.toHaveLength(0);
    for (const refused of [tokenizer.encode("ab z"), tokenizer.encodeWithSpecials("ab", "z")]) {
      await expect(refused).rejects.toMatchObject({ name: "RevocabError", code: "unknown_text" });
    }
  });

  it("writes a text without the characters that no piece has", async () => {
    expect(await tokensOf(unigram(), "ab zazb cab!")).toEqual([
      ["ab", " ", "ab", " ", "cab"],
      ["z", "z", "!"],
    ]);
    expect(await tokensOf(bpe({ unk_token: "<unk>" }), "abzb")).toEqual([["ab", "b"], ["z"]]);
  });

  it("loses a word whole where it knows words: what is left of it would be another", async () => {
    expect(await tokensOf(wordLevel(), "ab zab cab, a")).toEqual([
      ["ab", "cab", "a"],
      ["zab", ","],
    ]);
    expect(await tokensOf(wordPiece(), "abb bc cab")).toEqual([["ab", "##b", "cab"], ["bc"]]);
  });

  it("loses nothing of a text that it can write, and all of one that it cannot", async () => {
    expect(await tokensOf(unigram(), "cab ab")).toEqual([["cab", " ", "ab"], []]);
    expect(await tokensOf(unigram(), "")).toEqual([[], []]);
    expect(await tokensOf(unigram(), "xyz")).toEqual([[], ["xyz"]]);
    // a BPE drops what it has no token for, and says nothing
    expect(await tokensOf(bpe(), "abz")).toEqual([["ab"], []]);
  });

  it("writes of any text the same as of that text without what it lost", async () => {
    const tokenizer = unigram();
    const encode = writableEncoder(tokenizer);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: fc.constantFrom(..."abc zÜ👋\n") }), async (text) => {
        const { ids: found, refused } = await encode(text);
        const rest = text.replace(/[^abc ]/gu, "");
        expect(Array.from(found)).toEqual(Array.from(await tokenizer.encode(rest)));
        expect([...refused.join("")].sort()).toEqual([...text.replace(/[abc ]/g, "")].sort());
      }),
    );
  });
});
