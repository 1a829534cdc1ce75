import { added, BYTE_TOKENS, numbered } from "@revocab/test-support/tokenizer-json";
import { tokenizerOf } from "@revocab/test-support/tokenizer-of";
import type { Tokenizer } from "@revocab/vocabulary";
import { pruneTokenizer } from "@revocab/vocabulary-editing";
import { describe, expect, it } from "vitest";

const tokensOf = ({ vocabulary }: Tokenizer) =>
  Array.from({ length: vocabulary.size }, (_, id) => vocabulary.tokenOf(id));

const modelOf = ({ files }: Tokenizer) =>
  JSON.parse(Buffer.from(files.get("tokenizer.json")!).toString()).model;

const byteLevel = (files: Readonly<Record<string, object>> = {}) =>
  tokenizerOf(
    {
      model: {
        type: "BPE",
        vocab: numbered(["a", "b", "c", "Ġ", "ab", "Ġa", "abc", "cc", "ca"]),
        merges: ["a b", "Ġ a", "ab c", "c c", "c a"],
      },
      added: [added(9, "<s>"), added(10, "<pad>")],
      preTokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      postProcessor: {
        type: "TemplateProcessing",
        single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
        pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
        special_tokens: { "<s>": { id: "<s>", ids: [9], tokens: ["<s>"] } },
      },
      padding: {
        strategy: "BatchLongest",
        direction: "Right",
        pad_to_multiple_of: null,
        pad_id: 10,
        pad_type_id: 0,
        pad_token: "<pad>",
      },
    },
    files,
  );

describe("pruning a BPE", () => {
  it.each([
    { extra_special_tokens: ["<s>", "<pad>"] },
    { extra_special_tokens: [{ __type: "AddedToken", content: "<s>", special: true }] },
    { extra_special_tokens: { image_token: "<pad>" }, additional_special_tokens: ["<s>"] },
    { additional_special_tokens: ["<s>", { __type: "AddedToken", content: "<pad>", special: true }] },
  ])("leaves specials in the form that they are listed in: %j", async (lists) => {
    const files = {
      "tokenizer_config.json": { bos_token: "<s>", ...lists },
      "special_tokens_map.json": lists,
    };
    const { tokenizer } = await pruneTokenizer(byteLevel(files), { keepFor: ["abc"] });
    for (const name of Object.keys(files)) {
      const written = JSON.parse(Buffer.from(tokenizer.files.get(name)!).toString());
      expect(written).toMatchObject(lists);
    }
    expect(tokenizer.vocabulary.idOfSpecial("<pad>")).toBe(tokenizer.vocabulary.size - 1);
  });

  it("keeps what merges go through, all bytes and the specials, and numbers them in the old order", async () => {
    const original = byteLevel({
      "tokenizer_config.json": { bos_token: "<s>", added_tokens_decoder: { "9": { content: "<s>" } } },
      "merges.txt": {},
    });
    const { tokenizer, newIdOf, counts } = await pruneTokenizer(original, { keepFor: ["abc abc"] });
    expect(tokensOf(tokenizer)).toEqual(["a", "b", "c", "Ġ", "ab", "abc", "<s>", "<pad>"]);
    expect([...newIdOf]).toEqual([0, 1, 2, 3, 4, -1, 5, -1, -1, 6, 7]);
    // "abc" and "Ġ abc": only "ab" is a step, the four bytes and two specials are always there.
    expect(counts).toEqual({ kept: 8, always: 6, steps: 1 });
    expect(modelOf(tokenizer).merges).toEqual(["a b", "ab c"]);
    expect([...(await tokenizer.encode("abc abc<s>"))]).toEqual([5, 3, 5, 6]);
    expect(await tokenizer.decode(await tokenizer.encode("ccca"))).toBe("ccca");
    const written = JSON.parse(Buffer.from(tokenizer.files.get("tokenizer.json")!).toString());
    expect(written.post_processor.special_tokens["<s>"].ids).toEqual([6]);
    expect(written.padding.pad_id).toBe(7);
    const config = JSON.parse(Buffer.from(tokenizer.files.get("tokenizer_config.json")!).toString());
    expect(config.added_tokens_decoder).toMatchObject({ "6": { content: "<s>" }, "7": { content: "<pad>" } });
    expect(tokenizer.vocabulary.idOfRole("bos")).toBe(6);
    expect(tokenizer.files.has("merges.txt")).toBe(false);
  });

  it("can keep ids as they are", async () => {
    const { tokenizer, newIdOf } = await pruneTokenizer(byteLevel(), { keep: [7], keepIds: true });
    expect(tokensOf(tokenizer)).toEqual(["a", "b", "c", "Ġ", "", "", "", "cc", "", "<s>", "<pad>"]);
    expect([...(await tokenizer.encode("<s>cc<pad>"))]).toEqual([9, 7, 10]);
    expect([...newIdOf].filter((id) => id >= 0)).toEqual([0, 1, 2, 3, 7, 9, 10]);
  });

  it("takes the most used first where there is a limit, with all their steps or not at all", async () => {
    const texts = ["cc cc cc abc", "cc"];
    const seven = await pruneTokenizer(byteLevel(), { keepFor: texts, atMost: 7 });
    expect(tokensOf(seven.tokenizer)).toEqual(["a", "b", "c", "Ġ", "cc", "<s>", "<pad>"]);
    const named = await pruneTokenizer(byteLevel(), { keepFor: texts, keep: [6], atMost: 8 });
    expect(tokensOf(named.tokenizer)).toEqual(["a", "b", "c", "Ġ", "ab", "abc", "<s>", "<pad>"]);
    await expect(pruneTokenizer(byteLevel(), { keepFor: texts, atMost: 5 })).rejects.toThrow(
      expect.objectContaining({
        code: "bad_options",
        message: "test needs 6 tokens to write any text, expected at most 5",
      }),
    );
  });

  it("refuses ids that no token has, and to keep nothing", async () => {
    await expect(pruneTokenizer(byteLevel(), { keep: [4, 11, -1] })).rejects.toThrow(
      "test has no token with the ids 11, -1; it has 11 ids",
    );
    await expect(pruneTokenizer(byteLevel(), {})).rejects.toThrow(
      "found neither keep nor keepFor, expected tokens or texts to keep",
    );
    await expect(pruneTokenizer(byteLevel(), { keepFor: [""] })).rejects.toThrow(
      "found no text to keep tokens for: it is empty",
    );
  });

  it("stops when it is told to", async () => {
    const abortSignal = AbortSignal.abort();
    await expect(pruneTokenizer(byteLevel(), { keepFor: ["a"], job: { abortSignal } })).rejects.toThrow(
      expect.objectContaining({ code: "aborted" }),
    );
  });
});

describe("pruning other families", () => {
  it("a SentencePiece BPE with all byte tokens needs no other characters", async () => {
    const original = tokenizerOf({
      model: {
        type: "BPE",
        byte_fallback: true,
        vocab: numbered([...BYTE_TOKENS, "▁", "a", "é", "日", "▁a", "日日"]),
        merges: ["▁ a", "日 日"],
      },
      normalizer: { type: "Replace", pattern: { String: " " }, content: "▁" },
      decoder: {
        type: "Sequence",
        decoders: [
          { type: "Replace", pattern: { String: "▁" }, content: " " },
          { type: "ByteFallback" },
          { type: "Fuse" },
        ],
      },
    });
    const { tokenizer } = await pruneTokenizer(original, { keepFor: ["日日"] });
    expect(tokensOf(tokenizer).slice(256)).toEqual(["▁", "日", "日日"]);
    expect(await tokenizer.decode(await tokenizer.encode(" é 日日a"))).toBe(" é 日日a");
  });

  it("a Unigram keeps all characters, its unk and its lowest score", async () => {
    const original = tokenizerOf({
      model: {
        type: "Unigram",
        unk_id: 2,
        vocab: [
          ["<s>", 0],
          ["abba", -90],
          ["<unk>", 0],
          ["▁", -2],
          ["a", -3],
          ["b", -3],
          ["ab", -4],
          ["▁ab", -5],
          ["ba", -4],
        ],
      },
      added: [added(0, "<s>"), added(2, "<unk>")],
      preTokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
    });
    const { tokenizer, newIdOf } = await pruneTokenizer(original, { keepFor: ["ab ab"] });
    expect(modelOf(tokenizer).vocab).toEqual([
      ["<s>", 0],
      ["abba", -90],
      ["<unk>", 0],
      ["▁", -2],
      ["a", -3],
      ["b", -3],
      ["▁ab", -5],
    ]);
    expect(modelOf(tokenizer).unk_id).toBe(2);
    for (const text of ["ab aab", "ab zz"]) {
      expect([...(await tokenizer.encode(text))].length).toBeGreaterThanOrEqual(
        (await original.encode(text)).length,
      );
    }
    expect([...(await tokenizer.encode("ab z"))]).toEqual(
      Array.from(await original.encode("ab z"), (id) => newIdOf[id]),
    );
    await expect(pruneTokenizer(original, { keep: [6], keepIds: true })).rejects.toThrow(
      /a list, which has no holes/,
    );
  });

  it("a WordPiece keeps characters with and without its prefix", async () => {
    const original = tokenizerOf({
      model: {
        type: "WordPiece",
        unk_token: "[UNK]",
        continuing_subword_prefix: "##",
        max_input_chars_per_word: 100,
        vocab: numbered(["[unused0]", "[UNK]", "a", "##b", "ab", "##ba", "##a", "[CLS]", "[SEP]"]),
      },
      added: [added(1, "[UNK]"), added(7, "[CLS]"), added(8, "[SEP]")],
      preTokenizer: { type: "BertPreTokenizer" },
      postProcessor: { type: "BertProcessing", sep: ["[SEP]", 8], cls: ["[CLS]", 7] },
      decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    });
    const { tokenizer } = await pruneTokenizer(original, { keepFor: ["ab ab"] });
    expect(tokensOf(tokenizer)).toEqual(["[UNK]", "a", "##b", "ab", "##a", "[CLS]", "[SEP]"]);
    expect([tokenizer.vocabulary.idOfRole("cls"), tokenizer.vocabulary.idOfRole("sep")]).toEqual([5, 6]);
    const written = JSON.parse(Buffer.from(tokenizer.files.get("tokenizer.json")!).toString());
    expect(written.post_processor).toEqual({ type: "BertProcessing", sep: ["[SEP]", 6], cls: ["[CLS]", 5] });
  });
});
