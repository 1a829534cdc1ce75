import { added, BYTE_TOKENS, numbered } from "@revocab/test-support/tokenizer-json";
import { tokenizerOf } from "@revocab/test-support/tokenizer-of";
import type { Tokenizer } from "@revocab/vocabulary";
import { extendTokenizer } from "@revocab/vocabulary-editing";
import { describe, expect, it } from "vitest";
import { cheapestJoins } from "../src/bpe-additions.ts";

const byteLevel = (extra: object = {}, files: Readonly<Record<string, object>> = {}) =>
  tokenizerOf(
    {
      model: {
        type: "BPE",
        vocab: numbered(["a", "b", "c", "d", "Ġ", "ab", "Ġa", "bc"]),
        merges: ["a b", "Ġ a", "b c"],
      },
      preTokenizer: {
        type: "ByteLevel",
        add_prefix_space: false,
        trim_offsets: true,
        use_regex: true,
      },
      decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      ...extra,
    },
    files,
  );

async function tokensOf({ vocabulary, encode }: Tokenizer, text: string): Promise<string[]> {
  return Array.from(await encode(text), (id) => vocabulary.tokenOf(id));
}

describe("what is too long for a token", () => {
  it.each([
    ["a piece", { pieces: ["ab".repeat(500_000)] }],
    ["a token found before the model", { addedTokens: ["ab".repeat(500_000)] }],
  ])("is refused as %s, and quoted in part", async (_, extension) => {
    const error = await extendTokenizer(byteLevel(), extension).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "bad_options",
      message: expect.stringMatching(
        /^1 entry cannot be added: "(ab)+a…: it has 1000000 characters, expected at most 1000$/,
      ),
    });
    expect((error as Error).message.length).toBeLessThan(400);
  });
});

describe("extending a byte-level BPE", () => {
  it("builds a whole word from the tokenizer's own pieces of it, after all old merges", async () => {
    const original = byteLevel();
    expect(await tokensOf(original, "abcd")).toEqual(["ab", "c", "d"]);
    const { tokenizer, added: entries, refused } = await extendTokenizer(original, { pieces: ["abcd"] });
    expect(entries).toEqual([
      { id: 8, token: "abcd", kind: "piece" },
      { id: 9, token: "abc", kind: "step" },
    ]);
    expect(refused).toEqual([]);
    const { model } = JSON.parse(Buffer.from(tokenizer.files.get("tokenizer.json")!).toString());
    expect(model.merges).toEqual(["a b", "Ġ a", "b c", "ab c", "abc d"]);
    expect(await tokensOf(tokenizer, "abcd")).toEqual(["abcd"]);
    expect(await tokensOf(tokenizer, "ab bc d")).toEqual(await tokensOf(original, "ab bc d"));
  });

  it("builds a word on shorter ones that are asked for with it, whatever the order", async () => {
    const { added: entries } = await extendTokenizer(byteLevel(), { pieces: ["abcdd", "abc", "abcd"] });
    expect(entries.map(({ token, kind }) => `${token} ${kind}`)).toEqual([
      "abcdd piece",
      "abc piece",
      "abcd piece",
    ]);
  });

  it("makes no token that exists in new places: those ways to build a word are passed over", async () => {
    const original = byteLevel({
      model: { type: "BPE", vocab: numbered(["a", "b", "c", "d", "da", "ab"]), merges: ["a b"] },
    });
    // "da" has no merge: one for it would change how "dad" is written.
    const { tokenizer, added: entries } = await extendTokenizer(original, { pieces: ["dac"] });
    expect(entries.map(({ token }) => token)).toEqual(["dac", "ac"]);
    expect(await tokensOf(tokenizer, "dac")).toEqual(["dac"]);
    expect(await tokensOf(tokenizer, "dad")).toEqual(["d", "a", "d"]);
    const { refused } = await extendTokenizer(
      byteLevel({
        model: { type: "BPE", vocab: numbered(["a", "c", "d", "da", "ac"]), merges: [] },
      }),
      { pieces: ["dac"], skipRefused: true },
    );
    expect(refused.map(({ reason }) => reason)).toEqual([
      "every way to build it goes through a token that the tokenizer has already",
    ]);
  });

  it("says for each entry why it cannot be added", async () => {
    const { refused, added: entries } = await extendTokenizer(byteLevel(), {
      pieces: ["ab", "", "abcd", "abcd", "a d", "ze", { text: "dd", score: -1 }, "\ud800"],
      addedTokens: ["a", "  ", "abcd"],
      skipRefused: true,
    });
    expect(Object.fromEntries(refused.map(({ text, reason }) => [text, reason]))).toEqual({
      ab: "the tokenizer has it already: id 5",
      "": "it is empty",
      abcd: "it is given twice",
      "a d": 'the tokenizer cuts it before the model sees it: "a" " d"',
      ze: "the tokenizer has no piece for some of its characters; make each such character a piece, too",
      dd: "it has a score, but only a Unigram has scores",
      "\ud800": "it has half of a surrogate pair",
      a: "it stands for a character of any text: id 0",
      "  ": "it is empty",
    });
    expect(entries.map(({ token }) => token)).toEqual(["abcd", "abc"]);
  });

  it("adds nothing where something is refused and that was not allowed", async () => {
    await expect(extendTokenizer(byteLevel(), { pieces: ["abcd", "ab"] })).rejects.toThrow(
      expect.objectContaining({
        code: "bad_options",
        message: expect.stringContaining('1 entry cannot be added: "ab": the tokenizer has it already: id 5'),
      }),
    );
  });

  it("says what the normalizer makes of a piece it never lets through", async () => {
    const { refused } = await extendTokenizer(
      byteLevel({
        normalizer: { type: "Lowercase" },
        model: { type: "BPE", vocab: numbered(["a", "b", "A", "B"]), merges: [] },
      }),
      { pieces: ["AB", "ab"], skipRefused: true },
    );
    expect(refused).toEqual([{ text: "AB", reason: 'the normalizer turns it into "ab"' }]);
  });

  it("keeps the ids of tokens numbered behind the model, and lists new specials where others are listed", async () => {
    const original = byteLevel(
      { added: [added(8, "<s>"), added(9, "<x>")] },
      {
        "tokenizer_config.json": {
          bos_token: "<s>",
          additional_special_tokens: ["<x>"],
          added_tokens_decoder: { "8": { content: "<s>" }, "9": { content: "<x>" } },
        },
        "special_tokens_map.json": { bos_token: "<s>", additional_special_tokens: ["<x>"] },
        "vocab.json": {},
      },
    );
    const { tokenizer, added: entries } = await extendTokenizer(original, {
      pieces: ["abcd"],
      addedTokens: ["<|tool|>", { content: "dada", special: false, singleWord: true }],
    });
    expect(entries.map(({ id, token }) => [id, token])).toEqual([
      [10, "abcd"],
      [11, "abc"],
      [12, "<|tool|>"],
      [13, "dada"],
    ]);
    expect([...(await tokenizer.encode("<s>abcd<|tool|><x>"))]).toEqual([8, 10, 12, 9]);
    expect(await tokensOf(tokenizer, "dada")).toEqual(["dada"]);
    expect(await tokensOf(tokenizer, "dadad")).not.toContain("dada");
    expect(tokenizer.vocabulary.kindOf(12)).toBe("special");
    expect(tokenizer.vocabulary.kindOf(13)).toBe("text");
    const read = (name: string) => JSON.parse(Buffer.from(tokenizer.files.get(name)!).toString());
    expect(read("tokenizer_config.json").additional_special_tokens).toEqual(["<x>", "<|tool|>"]);
    expect(Object.keys(read("tokenizer_config.json").added_tokens_decoder)).toEqual(["8", "9", "12", "13"]);
    expect(read("special_tokens_map.json").additional_special_tokens).toEqual(["<x>", "<|tool|>"]);
    expect(tokenizer.files.has("vocab.json")).toBe(false);
  });

  it("takes added tokens alone, with the white space before them", async () => {
    const { tokenizer } = await extendTokenizer(byteLevel(), {
      addedTokens: [{ content: "<m>", lstrip: true }],
    });
    expect(await tokensOf(tokenizer, "ab <m>")).toEqual(["ab", "<m>"]);
  });

  it("refuses pieces for a BPE that marks the ends of words", async () => {
    const marked = tokenizerOf({
      model: { type: "BPE", end_of_word_suffix: "</w>", vocab: numbered(["a", "a</w>"]), merges: [] },
      preTokenizer: { type: "WhitespaceSplit" },
    });
    await expect(extendTokenizer(marked, { pieces: ["aa "] })).rejects.toThrow(
      expect.objectContaining({ code: "unsupported_tokenizer" }),
    );
  });
});

describe("extending other families", () => {
  it("a SentencePiece BPE takes characters it lacks as pieces, and words on top of them", async () => {
    const original = tokenizerOf({
      model: {
        type: "BPE",
        byte_fallback: true,
        vocab: numbered([...BYTE_TOKENS, "▁", "a", "b", "▁a"]),
        merges: ["▁ a"],
      },
      normalizer: {
        type: "Sequence",
        normalizers: [
          { type: "Prepend", prepend: "▁" },
          { type: "Replace", pattern: { String: " " }, content: "▁" },
        ],
      },
    });
    const alone = await extendTokenizer(original, { pieces: [" aé"], skipRefused: true });
    expect(alone.refused.map(({ text }) => text)).toEqual([" aé"]);
    const { tokenizer } = await extendTokenizer(original, { pieces: [" aé", "é"] });
    expect(await tokensOf(tokenizer, "aé bé")).toEqual(["▁aé", "▁", "b", "é"]);
    expect(await tokensOf(tokenizer, "ü")).toEqual(await tokensOf(original, "ü"));
  });

  it("a Unigram gets scores just above the other spelling, unless they are given", async () => {
    const original = tokenizerOf({
      model: {
        type: "Unigram",
        unk_id: 0,
        vocab: [
          ["<unk>", 0],
          ["▁", -3],
          ["a", -4],
          ["b", -5],
          ["ab", -6],
          ["x", -40],
        ],
      },
      added: [added(0, "<unk>"), added(6, "<s>")],
      preTokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
    });
    const { tokenizer } = await extendTokenizer(original, {
      pieces: [" ab", " abab", { text: "ba", score: -8.5 }],
      addedTokens: ["<t>"],
    });
    const { model } = JSON.parse(Buffer.from(tokenizer.files.get("tokenizer.json")!).toString());
    // Id 6 is in the list now; ▁ab is worth ▁ and ab, ▁abab is worth ▁ab and ab.
    expect(model.vocab.slice(6).map(([piece]: [string]) => piece)).toEqual(["<s>", "▁ab", "▁abab", "ba"]);
    const scores = model.vocab.slice(7).map(([, score]: [string, number]) => score);
    expect(scores[0]).toBeCloseTo(-8.999, 9);
    expect(scores[1]).toBeCloseTo(-14.998, 9);
    expect(scores[2]).toBe(-8.5);
    expect([...(await tokenizer.encode("ab<s>abab<t>"))]).toEqual([7, 6, 8, 10]);
    await expect(extendTokenizer(original, { pieces: [{ text: "aa", score: -9 }] })).rejects.toThrow(
      /the tokenizer still writes it as "▁" "a" "a"/,
    );
  });

  it("a WordPiece gets words as they are and parts of words with its prefix", async () => {
    const original = tokenizerOf({
      model: {
        type: "WordPiece",
        unk_token: "[UNK]",
        continuing_subword_prefix: "##",
        max_input_chars_per_word: 100,
        vocab: numbered(["[UNK]", "a", "##b", "##a"]),
      },
      added: [added(0, "[UNK]")],
      normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, lowercase: true },
      preTokenizer: { type: "BertPreTokenizer" },
      decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    });
    const { tokenizer, refused } = await extendTokenizer(original, {
      pieces: [" abab", "ba", " Abb", " a-b"],
      skipRefused: true,
    });
    expect(await tokensOf(tokenizer, "abab aba ab")).toEqual(["abab", "a", "##ba", "a", "##b"]);
    expect(refused).toEqual([
      { text: " Abb", reason: 'the normalizer turns it into " abb"' },
      { text: " a-b", reason: 'the tokenizer cuts it before the model sees it: "a" "-" "b"' },
    ]);
  });
});

describe("cheapestJoins", () => {
  it("adds parts from the left where nothing else is cheaper", () => {
    expect(cheapestJoins(["a", "b", "c", "d"], () => 1)).toEqual([
      ["a", "b"],
      ["ab", "c"],
      ["abc", "d"],
    ]);
  });

  it("goes through what is free and around what must not be made", () => {
    expect(cheapestJoins(["a", "b", "c"], (joined) => (joined === "bc" ? 0 : 1))).toEqual([
      ["b", "c"],
      ["a", "bc"],
    ]);
    expect(
      cheapestJoins(["a", "b", "c"], (joined) => (joined.length === 2 ? Number.POSITIVE_INFINITY : 1)),
    ).toBeUndefined();
  });
});
