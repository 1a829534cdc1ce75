import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { tokenizerFromFiles } from "@revocab/vocabulary";
import { Tokenizer } from "tokenizers";
import { describe, expect, it } from "vitest";

/** Written by tools/oracle/tokenizer-formats.py: folders, and what AutoTokenizer makes of them. */
const fixture = JSON.parse(
  readFileSync(new URL("./fixtures/formats/folders.json", import.meta.url), "utf8"),
) as {
  pieces: Record<string, string[]>;
  merges: string[];
  texts: string[];
  pairs: [string, string][];
  folders: {
    title: string;
    vocabulary: string;
    tokens: string[];
    files: Record<string, object>;
    components: string;
    added: [number, string, string][];
    ids: string;
    specials: Record<string, string>;
  }[];
};

describe("a folder of vocab.json and merges.txt, or of vocab.txt, is read as AutoTokenizer reads it", () => {
  for (const folder of fixture.folders) {
    it(folder.title, async () => {
      const tokenizer = tokenizerFromFiles(filesOf(folder), "test");
      const bytes = tokenizer.files.get("tokenizer.json")!;
      const json = JSON.parse(new TextDecoder().decode(bytes));
      expect(addedOf(json)).toEqual(folder.added);
      expect(digest(sorted(componentsOf(json)))).toBe(folder.components);

      const library = Tokenizer.fromString(new TextDecoder().decode(bytes));
      const encodings = [];
      for (const text of fixture.texts) encodings.push(await library.encode(text));
      for (const [text, pair] of fixture.pairs) encodings.push(await library.encode(text, pair));
      const rows = encodings.map((each) => [...each.getIds(), ...each.getTypeIds()].join(" "));
      expect(digest(rows.join("\n"))).toBe(folder.ids);

      const config = JSON.parse(new TextDecoder().decode(tokenizer.files.get("tokenizer_config.json")));
      for (const [role, token] of Object.entries(folder.specials)) {
        expect(config[role]?.content ?? config[role]).toBe(token);
      }
      expect([...tokenizer.files.keys()].filter((name) => /^(vocab|merges|added)/.test(name))).toEqual([]);
    });
  }
});

function filesOf({ vocabulary, tokens, files }: (typeof fixture.folders)[number]): Map<string, Uint8Array> {
  const pieces = [...new Set([...tokens, ...fixture.pieces[vocabulary]!])];
  const written: Record<string, string> =
    vocabulary === "vocab.txt"
      ? { "vocab.txt": pieces.map((piece) => `${piece}\n`).join("") }
      : {
          "vocab.json": JSON.stringify(Object.fromEntries(pieces.map((piece, id) => [piece, id]))),
          "merges.txt": `#version: 0.2\n${fixture.merges.map((merge) => `${merge}\n`).join("")}`,
        };
  for (const [name, content] of Object.entries(files)) written[name] = JSON.stringify(content);
  return new Map(Object.entries(written).map(([name, content]) => [name, new TextEncoder().encode(content)]));
}

interface Json {
  readonly [field: string]: unknown;
  readonly model: Record<string, unknown>;
  readonly added_tokens: ({ readonly id: number; readonly content: string } & Record<string, unknown>)[];
}

function addedOf(json: Json): [number, string, string][] {
  const flags = { L: "lstrip", R: "rstrip", N: "normalized", W: "single_word", S: "special" };
  return json.added_tokens.map((token) => [
    token.id,
    token.content,
    Object.entries(flags)
      .filter(([, flag]) => token[flag] === true)
      .map(([letter]) => letter)
      .join(""),
  ]);
}

function componentsOf({ model, ...json }: Json): object {
  const { vocab: _vocab, merges: _merges, ...kept } = model;
  const { normalizer, pre_tokenizer, post_processor, decoder } = json;
  return { normalizer, pre_tokenizer, post_processor, decoder, model: kept };
}

/** As Python writes JSON with sorted keys. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${sorted(each)}`).join(",")}}`;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
