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
      /puts sep_token around texts/,
    ],
    [
      "a language that Whisper's prompt is made for",
      { ...pair(), "tokenizer_config.json": { tokenizer_class: "WhisperTokenizer", language: "en" } },
      "unsupported_tokenizer",
      /language is "en"/,
    ],
  ] as Case[])("%s is one clear error", claim);

  it("a half of them names the other", () => {
    expect(() => read({ "merges.txt": merges, ...gpt2 })).toThrow("found merges.txt without vocab.json");
    expect(() => read({ "encoder.json": vocab })).toThrow("found encoder.json without vocab.bpe");
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
