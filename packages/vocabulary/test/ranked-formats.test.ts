import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { tokenizerFromFiles } from "@revocab/vocabulary";
import { Tokenizer } from "tokenizers";
import { describe, expect, it } from "vitest";
import { readTiktoken } from "../src/formats/from-tiktoken.ts";
import { KNOWN_TIKTOKEN } from "../src/formats/known-tiktoken.ts";
import { rankedDocument } from "../src/formats/ranked-document.ts";
import { componentsDigest } from "./components-digest.ts";

interface Expected {
  title: string;
  components: string;
  added: [number, string, string][];
  ids: string;
}
/** Written by tools/oracle/tiktoken-fixtures.py: what tiktoken and transformers make of a small vocabulary. */
const fixture = JSON.parse(
  readFileSync(new URL("./fixtures/formats/ranked.json", import.meta.url), "utf8"),
) as {
  tokens: string[];
  bytes: number[];
  texts: string[];
  encodings: Record<string, string[]>;
  folders: (Expected & { name: string; files: Record<string, object> })[];
  tekkens: (Expected & { config: object; special_tokens: object[] })[];
};
const tokens = [...fixture.bytes.map((byte) => Buffer.of(byte).toString("base64")), ...fixture.tokens];
const tiktoken = Buffer.from(tokens.map((token, rank) => `${token} ${rank}\n`).join(""));

describe("a tiktoken file", () => {
  for (const [name, digests] of Object.entries(fixture.encodings)) {
    it(`cut with ${name}'s pattern gives the ids of tiktoken`, async () => {
      const { pattern, normalizer } = KNOWN_TIKTOKEN.find((known) => known.name === name)!;
      const ranks = readTiktoken(tiktoken, "test");
      const json = rankedDocument({
        ranks,
        ids: Object.fromEntries(ranks),
        pattern,
        added: [],
        ...(normalizer && { normalizer }),
      });
      const library = Tokenizer.fromString(json);
      for (const [index, text] of fixture.texts.entries()) {
        const ids = (await library.encode(text)).getIds();
        expect([text, digest(ids.join(" "))]).toEqual([text, digests[index]]);
      }
    });
  }

  it("of Llama 3 and of Qwen has the special tokens at the ids of the published code", () => {
    const specialsOf = (name: string) => KNOWN_TIKTOKEN.find((known) => known.name === name)!.specials;
    const llama = specialsOf("Llama 3");
    expect(llama).toMatchObject({
      "<|begin_of_text|>": 128000,
      "<|start_header_id|>": 128006,
      "<|eot_id|>": 128009,
      "<|reserved_special_token_250|>": 128255,
    });
    expect(new Set(Object.values(llama)).size).toBe(256);
    expect(specialsOf("Qwen")).toMatchObject({
      "<|im_end|>": 151645,
      "<|extra_0|>": 151646,
      "<|extra_204|>": 151850,
    });
  });

  for (const folder of fixture.folders) {
    it(`${folder.title} is read as AutoTokenizer reads it`, async () => {
      const settings = Object.entries(folder.files).map(
        ([name, content]) => [name, Buffer.from(JSON.stringify(content))] as const,
      );
      await expectEqual(new Map([[folder.name, tiktoken], ...settings]), folder);
    });
  }
});

describe("tekken.json", () => {
  for (const tekken of fixture.tekkens) {
    it(`with ${tekken.title} is read as the reference library reads it`, async () => {
      const { config, special_tokens } = tekken;
      const vocab = tokens.map((token, rank) => ({ rank, token_bytes: token, token_str: null }));
      const file = Buffer.from(JSON.stringify({ config, vocab, special_tokens }));
      await expectEqual(new Map([["tekken.json", file]]), tekken);
    });
  }
});

async function expectEqual(files: ReadonlyMap<string, Uint8Array>, expected: Expected): Promise<void> {
  const tokenizer = tokenizerFromFiles(files, "test");
  const text = new TextDecoder().decode(tokenizer.files.get("tokenizer.json"));
  const { components, added } = componentsDigest(text);
  expect(added).toEqual(expected.added);
  expect(components).toBe(expected.components);
  const library = Tokenizer.fromString(text);
  const rows: string[] = [];
  for (const each of fixture.texts) rows.push((await library.encode(each)).getIds().join(" "));
  expect(digest(rows.join("\n"))).toBe(expected.ids);
  expect([...tokenizer.files.keys()].filter((name) => /model$|tekken/.test(name))).toEqual([]);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
