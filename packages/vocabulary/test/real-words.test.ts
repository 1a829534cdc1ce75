import { readFileSync } from "node:fs";
import { REAL_TOKENIZERS, realData } from "@revocab/test-support/real-data";
import { utf8 } from "@revocab/test-support/tokenizer-of";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

describe.skipIf(realData === undefined)("spelling a word is what the tokenizer does with it", () => {
  it.each(REAL_TOKENIZERS.filter((name) => name !== "models/shakespeare-char"))("%s", async (name) => {
    const tokenizer = await loadTokenizer(`${realData}/${name}`);
    const { vocabulary } = tokenizer;
    const unk = vocabulary.idOfRole("unk");
    // The library puts no space before a word where nothing puts one before each text.
    const isBare =
      !tokenizer.notes.includes("a space is put before each text") && tokenizer.family !== "wordpiece";
    let compared = 0;
    for (const word of readWords()) {
      const ids = await tokenizer.encode(isBare ? ` ${word}` : word);
      const text = (await tokenizer.normalize(word)).replaceAll("▁", " ").trim();
      const spelled = vocabulary.spell(utf8(` ${text}`));
      // BERT's normalizer puts spaces around each Chinese character.
      if (tokenizer.family === "wordpiece" && text.includes(" ")) continue;
      compared++;
      if (ids.includes(unk ?? -1) && unk !== undefined && !word.includes("<"))
        expect(spelled, word).toBeUndefined();
      else expect(spelled, word).toEqual(ids);
    }
    expect(compared).toBeGreaterThan(900);
  });
});

/** 1,500 words of letters in English, German, Arabic and Chinese. */
function readWords(): string[] {
  const files = ["wikitext2-valid.txt", "xquad.de.txt", "xquad.ar.txt", "xquad.zh.txt"];
  return files.flatMap((file) => {
    const text = readFileSync(`${realData}/text/${file}`).subarray(0, 100_000).toString();
    return [...new Set(text.match(/\p{L}+/gu) ?? [])].slice(0, 375);
  });
}
