import { readFileSync } from "node:fs";
import { realData } from "@revocab/test-support/real-data";
import { type Tokenizer, tokenizerFromFiles } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

interface Json {
  readonly model: { readonly vocab: Record<string, number>; readonly merges: (string | [string, string])[] };
  readonly added_tokens: { readonly id: number; readonly content: string }[];
}

describe.skipIf(realData === undefined)("real tokenizers in their other writings", () => {
  it.each([
    ["gpt2", "GPT2Tokenizer"],
    ["roberta-base", "RobertaTokenizer"],
    ["qwen2", "Qwen2Tokenizer"],
    ["pythia", "GPTNeoXTokenizer"],
  ])("%s taken apart into vocab.json and merges.txt gives its own ids", async (name, tokenizer_class) => {
    const { original, json } = load(name);
    const added_tokens_decoder = Object.fromEntries(json.added_tokens.map(({ id, ...token }) => [id, token]));
    const merges = json.model.merges.map((merge) => (typeof merge === "string" ? merge : merge.join(" ")));
    await expectSameIds(original, {
      "vocab.json": JSON.stringify(json.model.vocab),
      "merges.txt": `#version: 0.2\n${merges.join("\n")}\n`,
      "tokenizer_config.json": JSON.stringify({ tokenizer_class, added_tokens_decoder }),
    });
  });

  it("bert-cased taken apart into vocab.txt gives its own ids", async () => {
    const { original, json } = load("bert-cased");
    const pieces = Object.entries(json.model.vocab).sort(([, one], [, other]) => one - other);
    await expectSameIds(original, {
      "vocab.txt": pieces.map(([piece]) => `${piece}\n`).join(""),
      "tokenizer_config.json": JSON.stringify({ tokenizer_class: "BertTokenizer", do_lower_case: false }),
    });
  });

  it("Qwen2's 151,643 tokens as qwen.tiktoken give the ids of its merges", async () => {
    const { original } = load("qwen2");
    const lines = Array.from({ length: 151_643 }, (_, id) => {
      return `${Buffer.from(original.vocabulary.bytesOf(id)).toString("base64")} ${id}\n`;
    });
    await expectSameIds(original, { "qwen.tiktoken": lines.join("") });
  });
});

function load(name: string): { readonly original: Tokenizer; readonly json: Json } {
  const bytes = readFileSync(`${realData}/tokenizers/${name}/tokenizer.json`);
  return {
    original: tokenizerFromFiles(new Map([["tokenizer.json", bytes]]), name),
    json: JSON.parse(bytes.toString()) as Json,
  };
}

async function expectSameIds(original: Tokenizer, files: Record<string, string>): Promise<void> {
  const bytes = Object.entries(files).map(([name, text]) => [name, Buffer.from(text)] as const);
  const read = tokenizerFromFiles(new Map(bytes), "apart");
  const texts = ["wikitext2-valid.txt", "xquad.zh.txt", "xquad.ar.txt"].flatMap((name) => {
    return readFileSync(`${realData}/text/${name}`, "utf8").split("\n").slice(0, 60);
  });
  texts.push("  a\n\n b\t\r\n c  ", "don't DON'T 1234 12", "cafe\u0301 👍🏽 ½ Ａ");
  for (const text of texts)
    expect([...(await read.encode(text))]).toEqual([...(await original.encode(text))]);
}
