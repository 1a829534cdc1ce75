import { readFileSync } from "node:fs";
import { join } from "node:path";
import { realData } from "@revocab/test-support/real-data";
import { loadTokenizer, tokenizerFromFiles } from "@revocab/vocabulary";
import { pruneTokenizer } from "@revocab/vocabulary-editing";
import { describe, expect, it } from "vitest";

const lines = (name: string) =>
  readFileSync(join(realData!, "text", name), "utf8")
    .split("\n")
    .filter(Boolean);

/** What is left for the stories: the whole of the text is needed, so the counts are exact. */
const LEFT = { gpt2: 8018, "llama-2": 5766, "t5-small": 4991, "bert-cased": 7164 };

describe.skipIf(realData === undefined)("pruning real tokenizers to a text", () => {
  it.each(Object.entries(LEFT))("%s writes it with the same tokens", async (name, left) => {
    const original = await loadTokenizer(join(realData!, "tokenizers", name));
    const stories = lines("tinystories.txt");
    const { tokenizer: pruned, newIdOf } = await pruneTokenizer(original, { keepFor: stories });
    expect(pruned.vocabulary.size).toBe(left);
    const tokenizer = tokenizerFromFiles(pruned.files, "written");
    for (const line of stories.slice(0, 300)) {
      const expected = (await original.encode(line)).map((id) => newIdOf[id]);
      expect(await tokenizer.encode(line)).toEqual(expected);
    }
    for (const line of lines("xquad.zh.txt").slice(0, 30)) {
      const [before, after] = [await original.encode(line), await tokenizer.encode(line)];
      expect(await tokenizer.decode(after)).toBe(await original.decode(before));
    }
    for (const { token, roles } of original.specialTokens) {
      for (const role of roles)
        expect(tokenizer.vocabulary.idOfRole(role)).toBe(tokenizer.vocabulary.idOfSpecial(token));
    }
  });
});
