import { type SegmentedText, segmentText } from "@revocab/dynamic-tokenization";
import { failure } from "@revocab/test-support/failure";
import {
  byte,
  handMadeVocabulary,
  special,
  text,
  textBytes,
} from "@revocab/test-support/hand-made-vocabulary";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

/** The segments of a text as the texts of their tokens. */
function segmentsOf({ ids, starts }: SegmentedText, shown: (id: number) => string): string[] {
  const segments: string[] = [];
  for (const [place, id] of ids.entries()) {
    if (starts[place] === 1) segments.push(shown(id));
    else segments.push(`${segments.pop()}|${shown(id)}`);
  }
  return segments;
}

async function segmented(folder: string, words: string, boundaries: "pretoken" | "word" | "none") {
  const tokenizer = await loadTokenizer(folder);
  const found = await segmentText(tokenizer, words, boundaries);
  expect([...found.ids]).toEqual([...(await tokenizer.encode(words))]);
  return segmentsOf(found, (id) => Buffer.from(tokenizer.vocabulary.bytesOf(id)).toString());
}

describe("segmentText", () => {
  it("ends at the tokenizer's own pre-tokens", async () => {
    expect(await segmented(SAMPLE_MODEL, "The zebra didn't yawn.", "pretoken")).toMatchInlineSnapshot(`
      [
        "The",
        " |z|e|b|ra",
        " didn",
        "'t",
        " y|a|w|n",
        ".",
      ]
    `);
  });

  it("ends before a space where pieces mark spaces and nothing else divides the text", async () => {
    expect(await segmented(SAMPLE_TOKENIZER, "The zebra didn't yawn.", "pretoken")).toMatchInlineSnapshot(`
      [
        " The",
        " zebra",
        " didn|'|t",
        " |y|a|w|n|.",
      ]
    `);
  });

  it("keeps the punctuation at a word with it, and white space with the word after it", async () => {
    expect(
      await segmented(SAMPLE_MODEL, "The zebra didn't yawn.\n\nHe slept", "word"),
    ).toMatchInlineSnapshot(`
      [
        "The",
        " |z|e|b|ra",
        " didn|'t",
        " y|a|w|n|.",
        "
      |
      |He",
        " s|le|pt",
      ]
    `);
  });

  it("is a whole document without boundaries", async () => {
    expect(await segmented(SAMPLE_MODEL, "The zebra yawned.", "none")).toHaveLength(1);
  });

  describe("of tokens by hand", () => {
    const vocabulary = handMadeVocabulary([
      text("a"),
      text(" b"),
      text("of the"),
      special("<s>", "bos"),
      byte(0x0a),
      textBytes("half of a character", 0xe3, 0x80),
      textBytes("the rest: U+3000", 0x80),
      text(" "),
    ]);
    const segments = async (ids: readonly number[], boundaries: "word" | "none") => {
      const encode = async () => Uint32Array.from(ids);
      const tokenizer = {
        vocabulary,
        family: "byte-level-bpe",
        encode,
        encodeWords: async () => [],
      } as const;
      return segmentsOf(await segmentText(tokenizer, "", boundaries), String);
    };

    it("leaves a token that reaches into the next word alone", async () => {
      expect(await segments([0, 0, 1, 2, 0, 0], "word")).toEqual(["0|0", "1", "2", "0|0"]);
    });

    it("sees white space that is written in several tokens", async () => {
      expect(await segments([0, 5, 6, 0], "word")).toEqual(["0", "5|6|0"]);
      expect(await segments([0, 7, 7, 0, 0], "word")).toEqual(["0", "7|7|0|0"]);
    });

    it("leaves specials alone, and joins tokens of single bytes", async () => {
      expect(await segments([0, 3, 0, 4, 5], "none")).toEqual(["0", "3", "0|4|5"]);
    });
  });

  it("refuses boundaries that do not exist", async () => {
    const tokenizer = await loadTokenizer(SAMPLE_MODEL);
    const { code, message } = await failure(segmentText(tokenizer, "a", "sentence" as "word"));
    expect([code, message]).toEqual([
      "bad_options",
      '`boundaries` is "sentence", expected pretoken, word, none',
    ]);
  });
});
