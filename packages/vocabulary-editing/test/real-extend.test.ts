import { join } from "node:path";
import { realData, realLines } from "@revocab/test-support/real-data";
import { loadTokenizer, tokenizerFromFiles } from "@revocab/vocabulary";
import { extendTokenizer } from "@revocab/vocabulary-editing";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";

const WORDS = [
  " Donaudampfschifffahrt",
  " Donaudampf",
  " Schmetterlingshaus",
  "zzgl",
  " kenntnisreich",
  "schaftliches",
];

describe.skipIf(realData === undefined)("extending real tokenizers", () => {
  let lines: readonly string[] = [];
  beforeAll(() => {
    lines = realLines(["wikitext2-valid", "xquad.de", "xquad.zh", "xquad.ar"], 4_000);
  });

  it.each(["gpt2", "llama-2", "de-unigram-50k", "bert-cased"])(
    "%s writes new words as one token, and text without them as before",
    async (name) => {
      const original = await loadTokenizer(join(realData!, "tokenizers", name));
      const { size } = original.vocabulary;
      const extended = await extendTokenizer(original, { pieces: WORDS, addedTokens: ["<|tool|>"] });
      expect(extended.added.filter(({ kind }) => kind === "piece").map(({ id }) => id)).toEqual(
        WORDS.map((_, place) => size + place),
      );
      const tokenizer = tokenizerFromFiles(extended.tokenizer.files, "written");
      for (let id = 0; id < size; id++) {
        if (tokenizer.vocabulary.tokenOf(id) !== original.vocabulary.tokenOf(id))
          expect.fail(`id ${id} moved`);
      }
      const inOne = await tokenizer.encode("Im Donaudampfschifffahrt Schmetterlingshaus<|tool|>");
      expect(inOne).toContain(size);
      expect(inOne).toContain(size + 2);
      expect(inOne.at(-1)).toBe(tokenizer.vocabulary.size - 1);
      const isAsBefore = async (text: string): Promise<boolean> => {
        const ids = await tokenizer.encode(text);
        if (ids.some((id) => id >= size)) return false;
        expect(ids, text).toEqual(await original.encode(text));
        return true;
      };
      let same = 0;
      for (const line of lines) if (await isAsBefore(line)) same++;
      expect(same / lines.length).toBeGreaterThan(0.9);
      const fragments = fc.oneof(
        fc.constantFrom(
          " Don",
          "au",
          "dampf",
          "Schmett",
          " Schmetterling",
          "<|too",
          " kennt",
          "schaft",
          "<s>",
          "\n",
          "  ",
        ),
        fc.string({ unit: "binary", maxLength: 4 }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(fragments, { maxLength: 8 }), async (parts) => {
          await isAsBefore(parts.join(""));
        }),
        { numRuns: 60, seed: 8 },
      );
    },
  );
});
