import { added, bpeModel, numbered } from "@revocab/test-support/tokenizer-json";
import { tokenizerOf } from "@revocab/test-support/tokenizer-of";
import { compareDigits, describeAgreement, splitsDiffer } from "@revocab/vocab-alignment";
import { describe, expect, it } from "vitest";

const DIGITS = Array.from("0123456789");

/** A BPE of digits and of some merges of two. */
function bpeOf(...pairs: readonly string[]) {
  const merges = pairs.map((pair) => Array.from(pair));
  return tokenizerOf({
    model: bpeModel(numbered(["<s>", ...DIGITS, "Ġ", "Ċ", ...pairs]), merges),
    added: [added(0, "<s>")],
    preTokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
  });
}

describe("compareDigits", () => {
  it("finds two tokenizers of one scheme alike, whatever their ids", async () => {
    const comparison = await compareDigits(bpeOf(), wordPiece);
    expect(comparison.alike).toBe(10_000);
    expect(describeAgreement(comparison)).toBe(
      "numbers are split digit by digit (1+2+3+4), as in the source",
    );
  });

  it("lets a few numbers pass, and says how many", async () => {
    const comparison = await compareDigits(bpeOf(), bpeOf("12"));
    // 12; 12x, x12; 12xx, x12x, xx12 but for 1212 twice
    expect(comparison.alike).toBe(10_000 - (1 + 10 + 9 + 100 + 90 + 90 - 1));
    expect(splitsDiffer(comparison)).toBe(false);
    expect(describeAgreement(comparison)).toBe(
      "numbers are split digit by digit (1+2+3+4), but for 299 of 10,000; 9,701 of 10,000 as in the source",
    );
  });

  it("tells two mixed tokenizers apart, though neither has another name", async () => {
    const pairs = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, "0"));
    const [even, odd] = [0, 1].map((rest) => pairs.filter((pair) => Number(pair) % 2 === rest));
    const comparison = await compareDigits(bpeOf(...even!), bpeOf(...odd!));
    expect([comparison.source.name, comparison.target.name]).toEqual(["mixed", "mixed"]);
    expect(splitsDiffer(comparison)).toBe(true);
    expect(describeAgreement(comparison)).toBeUndefined();
  });
});

const wordPiece = tokenizerOf({
  model: {
    type: "WordPiece",
    vocab: numbered(["[UNK]", ...DIGITS, ...DIGITS.map((digit) => `##${digit}`)]),
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
  },
  added: [added(0, "[UNK]")],
  preTokenizer: { type: "BertPreTokenizer" },
});
