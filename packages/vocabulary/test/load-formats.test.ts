import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tokenizerJson } from "@revocab/test-support/tokenizer-json";
import { loadTokenizer } from "@revocab/vocabulary";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ranked = ["YQ== 0", "Yg== 1", "YWI= 2", ""].join("\n");
const tekken = {
  config: { pattern: "\\p{L}+|.", version: "v7" },
  special_tokens: [{ rank: 0, token_str: "<s>" }],
  vocab: [{ rank: 0, token_bytes: "YQ==" }],
};
const gpt2 = { tokenizer_class: "GPT2Tokenizer" };
const files: Record<string, object | string> = {
  "pair/vocab.json": { a: 0, b: 1, ab: 2, "<|endoftext|>": 3 },
  "pair/merges.txt": "a b\n",
  "pair/tokenizer_config.json": gpt2,
  "typed/vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n",
  "typed/config.json": { model_type: "bert" },
  "many/tokenizer.json": tokenizerJson({ model: { type: "BPE", vocab: { x: 0 }, merges: [] } }),
  "many/tokenizer.model": ranked,
  "many/vocab.json": { a: 0, "<|endoftext|>": 1 },
  "many/merges.txt": "",
  "many/tokenizer_config.json": gpt2,
  "alone/tekken_240911.json": tekken,
  "clash/vocab.json": { a: 0, "<|endoftext|>": 1 },
  "clash/merges.txt": "",
  "clash/tokenizer.model": ranked,
  "clash/tokenizer_config.json": gpt2,
};
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "revocab-"));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  }
});
afterAll(async () => rm(folder, { recursive: true }));

describe("a path", () => {
  it.each([
    ["a folder of vocab.json and merges.txt", "pair", 2, "ab"],
    ["vocab.json, with the merges beside it", "pair/vocab.json", 2, "ab"],
    ["merges.txt, with the vocabulary beside it", "pair/merges.txt", 2, "ab"],
    ["a folder that only config.json names a type for", "typed", 2, "[CLS]"],
    ["vocab.txt, with that config.json beside it", "typed/vocab.txt", 2, "[CLS]"],
    ["a folder with a tokenizer.json, which goes first", "many", 0, "x"],
    ["vocab.json beside a tokenizer.json: what was asked for", "many/vocab.json", 1, "<|endoftext|>"],
    ["a tekken.json with a date in its name", "alone/tekken_240911.json", 1, "a"],
    [
      "a folder whose class reads vocab.json, though a tokenizer.model lies there",
      "clash",
      1,
      "<|endoftext|>",
    ],
  ])("to %s opens it", async (_name, path, id, token) => {
    const { vocabulary } = await loadTokenizer(join(folder, path));
    expect(vocabulary.tokenOf(id)).toBe(token);
  });

  it("to a tokenizer.model of tiktoken beside a class of its own is refused under the name of that file", async () => {
    await expect(loadTokenizer(join(folder, "many/tokenizer.model"))).rejects.toMatchObject({
      code: "unsupported_tokenizer",
      message: expect.stringContaining(`${join(folder, "many/tokenizer.model")}: found a tiktoken file`),
    });
  });
});
