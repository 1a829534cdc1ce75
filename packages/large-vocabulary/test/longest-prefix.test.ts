import { readFileSync } from "node:fs";
import { longestPrefixEncoder } from "@revocab/large-vocabulary";
import { SAMPLE_MODEL, SAMPLE_TEXT } from "@revocab/test-support/sample";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

/** A tokenizer of letters whose vocabulary has some longer tokens, too. */
function tokenizerOf(tokens: readonly string[], split: (text: string) => readonly string[]) {
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  return {
    vocabulary: {
      size: tokens.length,
      kindOf: (id: number) => (tokens[id].startsWith("<") ? "special" : "text"),
      bytesOf: (id: number) => Buffer.from(tokens[id]),
      idsOf: (bytes: Uint8Array) => [idOf.get(Buffer.from(bytes).toString()) ?? []].flat(),
    },
    encodeWords: async (text: string) =>
      split(text).map((word) =>
        Uint32Array.from(word.startsWith("<") ? [word] : [...word], (part) => idOf.get(part)!),
      ),
  } as unknown as Parameters<typeof longestPrefixEncoder>[0];
}

describe("longest prefixes", () => {
  const tokens = ["a", "b", "c", "ab", "abc", "bca", "<s>", " ", "c a"];
  const encode = longestPrefixEncoder(tokenizerOf(tokens, (text) => text.match(/<s>| ?[a-c]+/g) ?? []));
  const written = async (text: string) => Array.from(await encode(text), (id) => tokens[id]);

  it("are the longest token that a word begins with, then the longest that the rest begins with", async () => {
    expect(await written("abca")).toEqual(["abc", "a"]);
    expect(await written("abbca")).toEqual(["ab", "bca"]);
  });

  it("end where a word ends, and leave control tokens alone", async () => {
    expect(await written("abc a")).toEqual(["abc", " ", "a"]);
    expect(await written("ab<s>c")).toEqual(["ab", "<s>", "c"]);
  });

  it("stand for the text", async () => {
    const tokenizer = await loadTokenizer(SAMPLE_MODEL);
    const text = readFileSync(SAMPLE_TEXT, "utf8").slice(0, 3000);
    const ids = await longestPrefixEncoder(tokenizer)(text);
    const bytes = Buffer.concat(Array.from(ids, (id) => tokenizer.vocabulary.bytesOf(id)));
    expect(bytes.toString()).toContain(text.trim().slice(0, 500).split("<|endoftext|>")[0]);
  });
});
