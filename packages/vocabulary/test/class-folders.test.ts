import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { tokenizerFromFiles } from "@revocab/vocabulary";
import { Tokenizer } from "tokenizers";
import { describe, expect, it } from "vitest";
import { componentsDigest } from "./components-digest.ts";

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
      const text = new TextDecoder().decode(tokenizer.files.get("tokenizer.json"));
      const { components, added } = componentsDigest(text);
      expect(added).toEqual(folder.added);
      expect(components).toBe(folder.components);

      const library = Tokenizer.fromString(text);
      const encodings = [];
      for (const each of fixture.texts) encodings.push(await library.encode(each));
      for (const [one, other] of fixture.pairs) encodings.push(await library.encode(one, other));
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

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
