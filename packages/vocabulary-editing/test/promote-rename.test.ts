import { added, numbered } from "@revocab/test-support/tokenizer-json";
import { tokenizerOf } from "@revocab/test-support/tokenizer-of";
import type { Tokenizer } from "@revocab/vocabulary";
import { extendTokenizer, renameTokens } from "@revocab/vocabulary-editing";
import { describe, expect, it } from "vitest";

const read = ({ files }: Tokenizer, name: string) => JSON.parse(Buffer.from(files.get(name)!).toString());

/** `<tool>` and `<unused0>` are entries of each model; `<|reserved_0|>` and `<think>` are added. */
const RESERVED = ["<tool>", "<unused0>"];
const behind = (id: number) => [
  added(id, "<s>"),
  added(id + 1, "<|reserved_0|>"),
  added(id + 2, "<think>", { special: false, lstrip: true }),
];
const settings = (id: number) => ({
  "tokenizer_config.json": {
    bos_token: { __type: "AddedToken", content: "<s>" },
    pad_token: "<|reserved_0|>",
    extra_special_tokens: ["<|reserved_0|>"],
    additional_special_tokens: ["<|reserved_0|>"],
    added_tokens_decoder: { [id]: { content: "<s>" }, [id + 1]: { content: "<|reserved_0|>" } },
    chat_template: [{ name: "default", template: "{{ '<|reserved_0|>' + messages[0].content }}" }],
  },
  "special_tokens_map.json": { pad_token: { content: "<|reserved_0|>" } },
});
const template = (id: number) => ({
  type: "TemplateProcessing",
  single: [{ SpecialToken: { id: "<|reserved_0|>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
  pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
  special_tokens: {
    "<|reserved_0|>": { id: "<|reserved_0|>", ids: [id + 1], tokens: ["<|reserved_0|>"] },
  },
});
const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };
const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };

const FAMILIES: Readonly<Record<string, () => Tokenizer>> = {
  "byte-level BPE": () =>
    tokenizerOf(
      {
        model: {
          type: "BPE",
          vocab: numbered(["x", "y", "<", ">", "t", "o", "l", "Ġ", "xy", ...RESERVED]),
          merges: ["x y"],
        },
        added: behind(11),
        preTokenizer: byteLevel,
        decoder: byteLevel,
        postProcessor: template(11),
      },
      settings(11),
    ),
  "SentencePiece BPE": () =>
    tokenizerOf(
      {
        model: { type: "BPE", vocab: numbered(["x", "y", "▁", "xy", ...RESERVED]), merges: [["x", "y"]] },
        normalizer: { type: "Replace", pattern: { String: " " }, content: "▁" },
        added: behind(6),
        postProcessor: template(6),
      },
      settings(6),
    ),
  Unigram: () =>
    tokenizerOf(
      {
        model: {
          type: "Unigram",
          unk_id: 0,
          vocab: [
            ["<unk>", 0],
            ["▁", -3],
            ["x", -4],
            ["y", -4],
            ["xy", -5],
            ...RESERVED.map((r) => [r, -90]),
          ],
        },
        preTokenizer: metaspace,
        added: [added(0, "<unk>"), ...behind(7)],
        postProcessor: template(7),
      },
      settings(7),
    ),
  WordPiece: () =>
    tokenizerOf(
      {
        model: {
          type: "WordPiece",
          unk_token: "[UNK]",
          continuing_subword_prefix: "##",
          max_input_chars_per_word: 100,
          vocab: numbered(["[UNK]", "x", "##y", "##x", "y", ...RESERVED]),
        },
        preTokenizer: { type: "BertPreTokenizer" },
        added: [added(0, "[UNK]"), ...behind(7)],
        postProcessor: template(7),
      },
      settings(7),
    ),
  WordLevel: () =>
    tokenizerOf(
      {
        model: { type: "WordLevel", unk_token: "[UNK]", vocab: numbered(["[UNK]", "x", "y", ...RESERVED]) },
        preTokenizer: { type: "Whitespace" },
        added: [added(0, "[UNK]"), ...behind(5)],
        postProcessor: template(5),
      },
      settings(5),
    ),
};

describe.each(Object.entries(FAMILIES))("a %s", (_, make) => {
  const idOf = ({ vocabulary }: Tokenizer, token: string) =>
    Array.from({ length: vocabulary.size }, (_, id) => vocabulary.tokenOf(id)).indexOf(token);

  it("makes entries that it has control tokens at their own ids, as add_special_tokens does", async () => {
    const original = make();
    const [tool, think] = [idOf(original, "<tool>"), idOf(original, "<think>")];
    const {
      tokenizer,
      added: entries,
      promoted,
    } = await extendTokenizer(original, {
      addedTokens: ["<tool>", "<|new|>", "<think>"],
    });
    expect(promoted).toEqual([
      { id: tool, token: "<tool>" },
      { id: think, token: "<think>" },
    ]);
    expect(entries).toEqual([{ id: original.vocabulary.size, token: "<|new|>", kind: "added" }]);
    const ids = await tokenizer.encode("x<tool>y <think><|new|>");
    for (const id of [tool, think, original.vocabulary.size]) {
      expect(ids).toContain(id);
      expect(tokenizer.vocabulary.kindOf(id)).toBe("special");
    }
    expect(await tokenizer.encode("xy x")).toEqual(await original.encode("xy x"));
    const config = read(tokenizer, "tokenizer_config.json");
    expect(config.extra_special_tokens).toEqual(["<|reserved_0|>", "<tool>", "<think>", "<|new|>"]);
    expect(config.added_tokens_decoder[tool]).toMatchObject({ content: "<tool>", special: true });
    // what was said of the token before still holds
    expect(config.added_tokens_decoder[think]).toMatchObject({
      special: true,
      lstrip: true,
      normalized: false,
    });
    const { refused } = await extendTokenizer(tokenizer, { addedTokens: ["<tool>"], skipRefused: true });
    expect(refused).toEqual([{ text: "<tool>", reason: `the tokenizer has it already: id ${tool}` }]);
  });

  it("renames reserved tokens wherever they are named", async () => {
    const original = make();
    const [reserved, unused] = [idOf(original, "<|reserved_0|>"), idOf(original, "<unused0>")];
    const { tokenizer, renamed } = await renameTokens(original, [
      { from: "<|reserved_0|>", to: "<|im_start|>" },
      { from: "<unused0>", to: "<|im_end|>" },
    ]);
    expect(renamed).toEqual([
      { id: reserved, from: "<|reserved_0|>", to: "<|im_start|>" },
      { id: unused, from: "<unused0>", to: "<|im_end|>" },
    ]);
    expect(tokenizer.vocabulary.size).toBe(original.vocabulary.size);
    const ids = await tokenizer.encode("x<|im_start|>y<|im_end|>");
    expect(ids).toContain(reserved);
    expect(ids).toContain(unused);
    expect(tokenizer.vocabulary.idOfRole("pad")).toBe(reserved);
    expect(await tokenizer.encode("xy x")).toEqual(await original.encode("xy x"));
    const text = [...tokenizer.files.values()].map((bytes) => Buffer.from(bytes).toString()).join("");
    expect(text).not.toMatch(/<\|reserved_0\|>|<unused0>/);
    const config = read(tokenizer, "tokenizer_config.json");
    expect(config).toMatchObject({
      pad_token: "<|im_start|>",
      extra_special_tokens: ["<|im_start|>", "<|im_end|>"],
      added_tokens_decoder: { [reserved]: { content: "<|im_start|>" }, [unused]: { content: "<|im_end|>" } },
      chat_template: [{ name: "default", template: "{{ '<|im_start|>' + messages[0].content }}" }],
    });
    expect(read(tokenizer, "special_tokens_map.json").pad_token).toEqual({ content: "<|im_start|>" });
    expect(read(tokenizer, "tokenizer.json").post_processor.special_tokens).toEqual({
      "<|im_start|>": { id: "<|im_start|>", ids: [reserved], tokens: ["<|im_start|>"] },
    });
  });

  it.each([
    ["<nothing>", "<a>", /the tokenizer has no such token/],
    ["x", "<a>", /it is an ordinary piece, which texts are written with|merges use it/],
    ["<unused0>", "<tool>", /the tokenizer has "<tool>" already: id \d/],
    ["<unused0>", " ", /its new name is empty/],
  ])("does not rename %s to %s", async (from, to, message) => {
    await expect(renameTokens(make(), [{ from, to }])).rejects.toThrow(message);
  });
});

it("does not rename what merges make or use, nor one token twice", async () => {
  const tokenizer = FAMILIES["byte-level BPE"]!();
  await expect(renameTokens(tokenizer, [{ from: "xy", to: "<a>" }])).rejects.toThrow(/merges use it/);
  const twice = ["<a>", "<b>"].map((to) => ({ from: "<unused0>", to }));
  await expect(renameTokens(tokenizer, twice)).rejects.toThrow(/it is renamed twice/);
  const same = ["<unused0>", "<tool>"].map((from) => ({ from, to: "<a>" }));
  await expect(renameTokens(tokenizer, same)).rejects.toThrow(/"<a>" is given twice/);
});

it("adds specials to the list that the reference library reads, in whatever form it has", async () => {
  const listOf = async (config: object) => {
    const original = tokenizerOf(
      { model: { type: "WordLevel", unk_token: "x", vocab: numbered(["x", "y"]) }, added: [added(2, "<a>")] },
      { "tokenizer_config.json": { tokenizer_class: "PreTrainedTokenizerFast", ...config } },
    );
    const { tokenizer } = await extendTokenizer(original, { addedTokens: ["<b>"] });
    const { extra_special_tokens: extra, additional_special_tokens: additional } = read(
      tokenizer,
      "tokenizer_config.json",
    );
    return { extra, additional };
  };
  const object = { __type: "AddedToken", content: "<a>" };
  expect(await listOf({ extra_special_tokens: [object] })).toEqual({ extra: [object, "<b>"] });
  expect(await listOf({ additional_special_tokens: ["<a>"] })).toEqual({ additional: ["<a>", "<b>"] });
  expect(await listOf({ extra_special_tokens: [], additional_special_tokens: ["<a>"] })).toEqual({
    extra: [],
    additional: ["<a>", "<b>"],
  });
  // names of tokens, which attributes of the tokenizer are made of, stay beside a list
  const tokenizer_class = "PreTrainedTokenizerFast";
  expect(await listOf({ tokenizer_class, extra_special_tokens: { image_token: "<a>" } })).toEqual({
    extra: { image_token: "<a>" },
    additional: ["<b>"],
  });
  expect(await listOf({ tokenizer_class })).toEqual({ additional: ["<b>"] });
});
