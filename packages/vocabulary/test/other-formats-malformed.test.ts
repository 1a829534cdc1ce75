import type { RevocabError } from "@revocab/core";
import { tokenizerFromFiles } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

const gpt2 = { "tokenizer_config.json": { tokenizer_class: "GPT2Tokenizer" } };
const bert = { "tokenizer_config.json": { tokenizer_class: "BertTokenizer" } };
const vocab = { a: 0, b: 1, ab: 2, "<|endoftext|>": 3 };
const merges = "#version: 0.2\na b\n";

describe("vocab.json and merges.txt", () => {
  it.each([
    [
      "a class that is not named",
      { ...pair(), "tokenizer_config.json": {} },
      "unsupported_tokenizer",
      /vocab\.json: found no class/,
    ],
    [
      "a class that is not known",
      { ...pair(), "tokenizer_config.json": { tokenizer_class: "MyTokenizer" } },
      "unsupported_tokenizer",
      /the class MyTokenizer, expected one/,
    ],
    [
      "a class that reads them otherwise",
      { ...pair(), "tokenizer_config.json": { tokenizer_class: "CTRLTokenizer" } },
      "unsupported_tokenizer",
      /CTRLTokenizer/,
    ],
    [
      "a class that needs more files",
      { ...pair(), "tokenizer_config.json": { tokenizer_class: "LukeTokenizer" } },
      "unsupported_tokenizer",
      /LukeTokenizer, which reads entity_vocab\.json/,
    ],
    [
      "a class of another kind of file",
      { ...pair(), ...bert },
      "unsupported_tokenizer",
      /BertTokenizer, expected one that is known to read vocab\.json/,
    ],
    [
      "a list",
      { ...pair({ "vocab.json": [] }), ...gpt2 },
      "bad_tokenizer",
      /vocab\.json: found no JSON object/,
    ],
    ["no pieces", { ...pair({ "vocab.json": {} }), ...gpt2 }, "bad_tokenizer", /no pieces/],
    [
      "an id that is no number",
      { ...pair({ "vocab.json": { a: "0" } }), ...gpt2 },
      "bad_tokenizer",
      /"a" has "0"/,
    ],
    [
      "a tokenizer.json under its name",
      { ...pair({ "vocab.json": { version: "1.0", model: {} } }), ...gpt2 },
      "bad_tokenizer",
      /"version" has "1\.0"/,
    ],
    [
      "a huge id",
      { ...pair({ "vocab.json": { a: 1e9 } }), ...gpt2 },
      "bad_tokenizer",
      /expected an id below/,
    ],
    [
      "an id twice",
      { ...pair({ "vocab.json": { a: 0, b: 0 } }), ...gpt2 },
      "bad_tokenizer",
      /both "a" and "b"/,
    ],
    [
      "a file cut short",
      { ...pair({ "vocab.json": '{"a": 0, "b' }), ...gpt2 },
      "bad_tokenizer",
      /vocab\.json: found JSON that is cut short/,
    ],
    [
      "a merge cut short",
      { ...pair({ "merges.txt": "#version: 0.2\na" }), ...gpt2 },
      "bad_tokenizer",
      /merges\.txt: line 2 is "a"/,
    ],
    [
      "a merge of what is no piece",
      { ...pair({ "merges.txt": "a b\nb a\n" }), ...gpt2 },
      "bad_tokenizer",
      /line 2 merges "b" and "a", but the vocabulary has no "ba"/,
    ],
    [
      "merges that are no text",
      { ...pair({ "merges.txt": Uint8Array.of(0xff) }), ...gpt2 },
      "bad_tokenizer",
      /merges\.txt: found bytes that are no UTF-8/,
    ],
    [
      "a setting that is no flag",
      { ...pair(), "tokenizer_config.json": { tokenizer_class: "GPT2Tokenizer", add_prefix_space: "yes" } },
      "bad_tokenizer",
      /add_prefix_space is "yes"/,
    ],
    [
      "a special token that is a number",
      { ...pair(), "tokenizer_config.json": { tokenizer_class: "GPT2Tokenizer", pad_token: 3 } },
      "bad_tokenizer",
      /found 3 for a special token/,
    ],
    [
      "an added token without a number",
      {
        ...pair(),
        "tokenizer_config.json": {
          tokenizer_class: "GPT2Tokenizer",
          added_tokens_decoder: { x: { content: "y" } },
        },
      },
      "bad_tokenizer",
      /"y" has no whole number/,
    ],
    [
      "a class without a token that it puts around texts",
      { ...pair(), "tokenizer_config.json": { tokenizer_class: "RobertaTokenizer", sep_token: null } },
      "unsupported_tokenizer",
      /it needs sep_token/,
    ],
    [
      "a language that Whisper's prompt is made for",
      { ...pair(), "tokenizer_config.json": { tokenizer_class: "WhisperTokenizer", language: "en" } },
      "unsupported_tokenizer",
      /language "en" is not known/,
    ],
  ] as Case[])("%s is one clear error", claim);

  it("a class in Python code, which reads them by rules of its own, is refused by name", () => {
    for (const tokenizer_class of PYTHON_CLASSES) {
      const files = { ...pair(), "vocab.txt": "a\n", "tokenizer_config.json": { tokenizer_class } };
      expect(() => read(files)).toThrow(`the class ${tokenizer_class}`);
    }
  });

  it("a half of them names the other", () => {
    expect(() => read({ "merges.txt": merges, ...gpt2 })).toThrow("found merges.txt without vocab.json");
    expect(() => read({ "encoder.json": vocab })).toThrow("found encoder.json without vocab.bpe");
  });

  it("an added token that a file numbers otherwise than the reference library is said", () => {
    const config = { tokenizer_class: "GPT2Tokenizer", added_tokens_decoder: { 9: { content: "<late>" } } };
    const { notes, vocabulary } = read({ ...pair(), "tokenizer_config.json": config });
    expect(vocabulary.tokenOf(4)).toBe("<late>");
    expect(notes).toContain('a file numbers the added token "<late>" 9; the reference library numbers it 4');
  });

  it("encoder.json and vocab.bpe are GPT-2's by their names", () => {
    const tokenizer = read({ "encoder.json": vocab, "vocab.bpe": merges });
    expect(tokenizer.vocabulary.idOfRole("eos")).toBe(3);
    expect([...tokenizer.vocabulary.spell(new TextEncoder().encode("aab"))!]).toEqual([0, 2]);
  });
});

describe("vocab.txt", () => {
  it.each([
    [
      "a class that is not named",
      { "vocab.txt": "a\n" },
      "unsupported_tokenizer",
      /vocab\.txt: found no class/,
    ],
    [
      "a class that reads it otherwise",
      { "vocab.txt": "a\n", "tokenizer_config.json": { tokenizer_class: "EsmTokenizer" } },
      "unsupported_tokenizer",
      /EsmTokenizer/,
    ],
    ["an empty file", { "vocab.txt": "", ...bert }, "bad_tokenizer", /vocab\.txt: the file is empty/],
    ["no text", { "vocab.txt": Uint8Array.of(0xff, 0xfe), ...bert }, "bad_tokenizer", /no UTF-8/],
  ] as Case[])("%s is one clear error", claim);

  it("a vocabulary without the class's special tokens gets them at its end, as in the reference library", () => {
    const tokenizer = read({ "vocab.txt": "a\nb\r\n", ...bert });
    expect(tokenizer.vocabulary.size).toBe(7);
    expect(tokenizer.vocabulary.tokenOf(1)).toBe("b");
  });
});

const line = (token: string, rank: number) => `${Buffer.from(token).toString("base64")} ${rank}\n`;
const ranked = line("a", 0) + line("b", 1) + line("ab", 2);

describe("a tiktoken file", () => {
  const model = (text: string, config: object = {}) => ({
    "tokenizer.model": text,
    "tokenizer_config.json": config,
  });
  it.each([
    [
      "a last line cut short",
      model(`${ranked}YWI`),
      "bad_tokenizer",
      /tokenizer\.model: line 4 is "YWI", expected a token in base64/,
    ],
    ["no base64", model(`${ranked}Y!= 3\n`), "bad_tokenizer", /line 4/],
    ["base64 cut short", model(`${ranked}YWJ 3\n`), "bad_tokenizer", /line 4/],
    ["a rank that is no number", model(`${ranked}YWJj x\n`), "bad_tokenizer", /line 4/],
    ["a huge rank", model(`${ranked}YWJj 4000000000\n`), "bad_tokenizer", /line 4/],
    ["a rank twice", model(ranked + line("c", 2)), "bad_tokenizer", /line 4: rank 2 belongs to another/],
    ["a token twice", model(ranked + line("ab", 3)), "bad_tokenizer", /line 4: the token YWI= comes twice/],
    [
      "a huge added id",
      model(ranked, { added_tokens_decoder: { 1000000000: { content: "x" } } }),
      "bad_tokenizer",
      /id 1000000000/,
    ],
    [
      "a class with code of its own",
      model(ranked, { tokenizer_class: "TikTokenTokenizer", auto_map: {} }),
      "unsupported_tokenizer",
      /of the class TikTokenTokenizer; it does not say how a text is cut/,
    ],
    [
      "another name",
      { "mine.tiktoken": ranked },
      "unsupported_tokenizer",
      /mine\.tiktoken: found a tiktoken file that is not among the known/,
    ],
    [
      "the name of a published file on another content",
      { "cl100k_base.tiktoken": ranked },
      "bad_tokenizer",
      /sha256 [0-9a-f]{12}…, expected cl100k_base's 223921b76ee9…/,
    ],
    [
      "Qwen's, cut at a line",
      { "qwen.tiktoken": ranked },
      "bad_tokenizer",
      /found 3 tokens, expected the 151643 of Qwen/,
    ],
  ] as Case[])("with %s is one clear error", claim);

  it("whose last line is cut short asks whether it was downloaded completely, and no other does", () => {
    expect(() => read(model(`${ranked}YWI`))).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("downloaded completely") }),
    );
    expect(() => read({ "mine.tiktoken": ranked })).toThrow(
      expect.objectContaining({ hint: expect.not.stringContaining("downloaded") }),
    );
  });

  it("named tokenizer.model and with nothing beside it is read with Llama 3's pattern, which is said", () => {
    const tokenizer = read({ "tokenizer.model": ranked });
    expect(tokenizer.vocabulary.size).toBe(3);
    expect(tokenizer.notes[0]).toMatch(/the pattern that the reference library takes for such files/);
  });
});

describe("tekken.json", () => {
  const config = {
    pattern: "\\p{L}+|.",
    default_num_special_tokens: 4,
    default_vocab_size: 6,
    version: "v3",
  };
  const special_tokens = [
    { rank: 0, token_str: "<unk>" },
    { rank: 1, token_str: "<s>" },
  ];
  const vocab = ["YQ==", "Yg=="].map((token_bytes, rank) => ({ rank, token_bytes }));
  const file = (parts: object) => ({ "tekken.json": { config, vocab, special_tokens, ...parts } });
  it.each([
    ["a list", { "tekken.json": [] }, "bad_tokenizer", /no JSON object/],
    ["no config", file({ config: undefined }), "bad_tokenizer", /no config\.pattern/],
    [
      "a pattern that is no text",
      file({ config: { ...config, pattern: 1 } }),
      "bad_tokenizer",
      /no config\.pattern/,
    ],
    ["no vocab", file({ vocab: undefined }), "bad_tokenizer", /vocab is no list/],
    ["an empty vocab", file({ vocab: [] }), "bad_tokenizer", /vocab has 0 entries/],
    ["a wrong rank", file({ vocab: [vocab[1]] }), "bad_tokenizer", /vocab\[0\] is .*expected rank 0/],
    ["bad base64", file({ vocab: [{ rank: 0, token_bytes: "YQ=" }] }), "bad_tokenizer", /vocab\[0\]/],
    [
      "a token twice",
      file({ vocab: [vocab[0], { rank: 1, token_bytes: "YQ==" }] }),
      "bad_tokenizer",
      /vocab\[1\]: the token YQ== comes twice/,
    ],
    [
      "fewer specials than listed",
      file({ config: { ...config, default_num_special_tokens: 1 } }),
      "bad_tokenizer",
      /is 1, but 2 special tokens/,
    ],
    [
      "a vocabulary smaller than its specials",
      file({ config: { ...config, default_vocab_size: 3 } }),
      "bad_tokenizer",
      /is 3, expected at least the 4/,
    ],
    [
      "a huge count",
      file({ config: { ...config, default_num_special_tokens: 1e12 } }),
      "bad_tokenizer",
      /1000000000000, expected a count/,
    ],
    [
      "a special rank twice",
      file({ special_tokens: [special_tokens[0], special_tokens[0]] }),
      "bad_tokenizer",
      /each rank below 2 once/,
    ],
    [
      "a special rank left out",
      file({ special_tokens: [special_tokens[0], { rank: 2, token_str: "x" }] }),
      "bad_tokenizer",
      /each rank below 2 once/,
    ],
    [
      "a special twice",
      file({ special_tokens: [special_tokens[0], { rank: 1, token_str: "<unk>" }] }),
      "bad_tokenizer",
      /listed twice/,
    ],
    [
      "a late version without specials",
      file({ config: { ...config, version: "v11" }, special_tokens: undefined }),
      "bad_tokenizer",
      /version "v11"/,
    ],
    ["JSON cut short", { "tekken.json": '{"config": {"pat' }, "bad_tokenizer", /cut short/],
  ] as Case[])("with %s is one clear error", claim);

  it("of an old version has the special tokens of its time", () => {
    const numbers = { ...config, default_num_special_tokens: 22, default_vocab_size: undefined };
    const { vocabulary } = read(file({ config: numbers, special_tokens: undefined }));
    expect(vocabulary.size).toBe(24);
    expect([0, 1, 3, 11, 19, 21].map((id) => vocabulary.tokenOf(id))).toEqual([
      "<unk>",
      "<s>",
      "[INST]",
      "<pad>",
      "[TOOL_CONTENT]",
      "<SPECIAL_21>",
    ]);
    expect(vocabulary.idOfRole("eos")).toBe(2);
  });
});

/** Classes of transformers 5.18 that read vocab.json or vocab.txt without the tokenizers library. */
const PYTHON_CLASSES = [
  "BertJapaneseTokenizer",
  "BertweetTokenizer",
  "BioGptTokenizer",
  "BlenderbotSmallTokenizer",
  "CTRLTokenizer",
  "ClvpTokenizer",
  "CpmAntTokenizer",
  "EsmTokenizer",
  "FSMTTokenizer",
  "FlaubertTokenizer",
  "GPTNeoXJapaneseTokenizer",
  "M2M100Tokenizer",
  "MgpstrTokenizer",
  "PhobertTokenizer",
  "RoCBertTokenizer",
  "Speech2TextTokenizer",
  "TapasTokenizer",
  "VitsTokenizer",
  "Wav2Vec2CTCTokenizer",
  "XLMTokenizer",
];

type Files = Record<string, unknown>;
type Case = [string, Files, string, RegExp];

function pair(other: Files = {}): Files {
  return { "vocab.json": vocab, "merges.txt": merges, ...other };
}

function claim(_name: string, files: Files, code: string, message: RegExp): void {
  let error: unknown;
  try {
    read(files);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ name: "RevocabError", code, message: expect.stringMatching(message) });
  expect((error as RevocabError).hint).toBeTruthy();
}

function read(files: Files) {
  const encode = (content: unknown) =>
    content instanceof Uint8Array
      ? content
      : new TextEncoder().encode(typeof content === "string" ? content : JSON.stringify(content));
  return tokenizerFromFiles(
    new Map(Object.entries(files).map(([name, content]) => [name, encode(content)])),
    "folder",
  );
}
