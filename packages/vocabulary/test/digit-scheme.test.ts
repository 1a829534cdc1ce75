import { join } from "node:path";
import { gpt2TokenizerJson } from "@revocab/test-support/gpt2";
import { REAL_TOKENIZERS, type RealTokenizer, realData } from "@revocab/test-support/real-data";
import { added, BYTE_TOKENS, bpeModel, numbered } from "@revocab/test-support/tokenizer-json";
import { tokenizerFrom, tokenizerOf } from "@revocab/test-support/tokenizer-of";
import { type DigitScheme, describeDigits, digitScheme, loadTokenizer } from "@revocab/vocabulary";
import { isDigitToken } from "@revocab/vocabulary/internal";
import { describe, expect, it } from "vitest";

/** All numbers of so many digits, zeros at the front included: `00` to `99`. */
const numbersOf = (digits: number) =>
  Array.from({ length: 10 ** digits }, (_, number) => String(number).padStart(digits, "0"));
const DIGITS = numbersOf(1);
const UP_TO_THREE = [...DIGITS, ...numbersOf(2), ...numbersOf(3)];

/** A BPE of entries alone, which a pattern cuts texts for: what the pattern finds is a token if there is one. */
function patternBpe(tokens: readonly string[], pattern: string) {
  return tokenizerOf({
    model: { ...bpeModel(numbered([...tokens, "Ġ", "Ċ"]), []), ignore_merges: true },
    preTokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
  });
}

const summary = ({ name, fitting, examples }: DigitScheme) => [
  name,
  name === "mixed" || name === "none" ? 0 : fitting[name],
  examples["1234"],
];

describe("the scheme of a tokenizer", () => {
  it.each([
    [
      "single digits, though longer numbers are tokens",
      UP_TO_THREE,
      "\\d",
      ["single-digits", 10_000, "1+2+3+4"],
    ],
    [
      "groups from the left, as GPT-4 has them",
      UP_TO_THREE,
      "\\d{1,3}",
      ["groups-from-left", 10_000, "123+4"],
    ],
    [
      "groups from the right",
      UP_TO_THREE,
      "\\d{1,3}(?=(?:\\d{3})*(?!\\d))",
      ["groups-from-right", 10_000, "1+234"],
    ],
    ["whole numbers", [...UP_TO_THREE, ...numbersOf(4)], "\\d+", ["whole", 10_000, "1234"]],
  ])("%s", async (_, tokens, pattern, expected) => {
    expect(summary(await digitScheme(patternBpe(tokens, pattern)))).toEqual(expected);
  });

  it("counts the numbers that are no exceptions: a merge of 1 and 2", async () => {
    const scheme = await digitScheme(
      tokenizerOf({
        model: bpeModel(numbered([...DIGITS, "Ġ", "Ċ", "12"]), [["1", "2"]]),
        preTokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      }),
    );
    expect(scheme.name).toBe("single-digits");
    // 12; 12x and x12; 12xx, x12x and xx12, of which 1212 is both the first and the last
    expect(scheme.shapes).toEqual({
      ...{ "1": 10, "1+1": 89, "2": 1 },
      ...{ "1+1+1": 881, "2+1": 10, "1+2": 9 },
      ...{ "1+1+1+1": 8721, "2+1+1": 99, "1+2+1": 90, "1+1+2": 89, "2+2": 1 },
    });
    expect(scheme.fitting["single-digits"]).toBe(10 + 89 + 881 + 8721);
    expect(scheme.examples["1234"]).toBe("12+3+4");
  });

  it("does not depend on the space that a token has before its digits", async () => {
    const tokens = ["▁", ...DIGITS, "▁1", "12", "▁12"];
    const model = { type: "Unigram", unk_id: 0, byte_fallback: false };
    const vocab = [["<unk>", 0], ...tokens.map((token) => [token, token === "▁12" ? -3 : -2])];
    const { name, shapes, changedBySpace, examples } = await digitScheme(
      tokenizerOf({
        model: { ...model, vocab },
        added: [added(0, "<unk>")],
        preTokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
      }),
    );
    expect(examples["7"]).toBe("7");
    expect(examples["1234"]).toBe("12+3+4");
    expect(shapes["2"]).toBe(1);
    expect({ name, changedBySpace }).toEqual({ name: "single-digits", changedBySpace: 0 });
  });

  it("reads WordPiece, whose numbers begin with a space and go on with ##", async () => {
    const continued = DIGITS.map((digit) => `##${digit}`);
    const scheme = await digitScheme(
      tokenizerOf({
        model: {
          type: "WordPiece",
          vocab: numbered(["[UNK]", ...DIGITS, ...continued]),
          unk_token: "[UNK]",
          continuing_subword_prefix: "##",
          max_input_chars_per_word: 100,
        },
        added: [added(0, "[UNK]")],
        preTokenizer: { type: "BertPreTokenizer" },
      }),
    );
    expect(summary(scheme)).toEqual(["single-digits", 10_000, "1+2+3+4"]);
  });

  it("reads digits that are byte tokens alone", async () => {
    const scheme = await digitScheme(
      tokenizerOf({
        model: {
          ...bpeModel(numbered(["<unk>", ...BYTE_TOKENS]), []),
          unk_token: "<unk>",
          byte_fallback: true,
        },
        added: [added(0, "<unk>")],
      }),
    );
    expect(summary(scheme)).toEqual(["single-digits", 10_000, "1+2+3+4"]);
  });
});

describe("numbers that a tokenizer cannot write", () => {
  /** A 9 is unknown, dropped, or refused. */
  const withoutNine = (model: object) =>
    tokenizerOf({ model, added: [added(0, "<unk>")], preTokenizer: { type: "WhitespaceSplit" } });
  const tokens = ["<unk>", ...DIGITS.filter((digit) => digit !== "9")];

  it.each([
    ["unknown", { ...bpeModel(numbered(tokens), []), unk_token: "<unk>" }],
    ["dropped", bpeModel(numbered(tokens), [])],
    [
      "refused",
      { type: "Unigram", unk_id: null, vocab: tokens.map((token) => [token, -1]), byte_fallback: false },
    ],
  ])("are counted where a character is %s", async (_, model) => {
    const scheme = await digitScheme(withoutNine(model));
    expect(scheme).toMatchObject({ name: "single-digits", unwritable: 10_000 - 9 ** 4 });
    expect(scheme.examples).toMatchObject({ "1234": "1+2+3+4", "9999": null });
    expect(describeDigits(scheme)).toBe("split digit by digit (1+2+3+4), with no tokens for 3,439");
  });

  it("may be all", async () => {
    const scheme = await digitScheme(
      withoutNine({ ...bpeModel({ "<unk>": 0, a: 1 }, []), unk_token: "<unk>" }),
    );
    expect(scheme).toMatchObject({ name: "none", unwritable: 10_000, shapes: {} });
    expect(describeDigits(scheme)).toBe("not written, for want of tokens");
  });
});

describe("describeDigits", () => {
  it("says which numbers are exceptions", async () => {
    const known = UP_TO_THREE.filter((token) => token !== "123");
    const scheme = await digitScheme(patternBpe([...known, "1"], "\\d{1,3}"));
    expect(scheme.fitting["groups-from-left"]).toBe(10_000 - 11);
    expect(describeDigits(scheme)).toBe(
      "split in groups of three from the left (123+4), but for 11 of 10,000",
    );
  });

  it("says of a mixed scheme how numbers of four digits are split", async () => {
    const scheme = await digitScheme(tokenizerFrom({ "tokenizer.json": gpt2TokenizerJson() }));
    expect(scheme).toMatchObject({
      name: "mixed",
      unwritable: 0,
      changedBySpace: 1733,
      examples: { "7": "7", "42": "42", "123": "123", "1234": "12+34", "9999": "9+999" },
    });
    expect(describeDigits(scheme)).toBe(
      "split in mixed ways (of four digits 52 % as 2+2, 38 % as 1+3, 6 % as 3+1)",
    );
  });
});

describe("isDigitToken", () => {
  it("knows digits alone, with or without a space or its mark before them", () => {
    const { vocabulary } = tokenizerOf({
      model: bpeModel(numbered(["1", "Ġ12", "345", "1a", "Ġ", "Ġ1Ġ", "-1", "1.", "<s>"]), []),
      added: [added(8, "<s>")],
      preTokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    });
    const ids = Array.from({ length: vocabulary.size }, (_, id) => id);
    expect(ids.filter((id) => isDigitToken(vocabulary, id))).toEqual([0, 1, 2]);
  });
});

describe.skipIf(realData === undefined)("real tokenizers", () => {
  const SINGLE: readonly RealTokenizer[] = [
    "models/stories260k",
    "tokenizers/llama-2",
    "tokenizers/mistral-v0.1",
    "tokenizers/phi-3",
    "tokenizers/qwen2",
    "tokenizers/tinystories-bpe-1024",
  ];
  /** Texts of their training had no 9, or no digits. */
  const LACKING: Readonly<Partial<Record<RealTokenizer, readonly [string, number]>>> = {
    "models/shakespeare-char": ["single-digits", 9996],
    "tokenizers/sentencepiece/en-1000.model": ["single-digits", 9375],
    "tokenizers/sentencepiece/tinystories-4000.model": ["none", 10_000],
  };

  it.each(REAL_TOKENIZERS)("%s splits numbers as is known of it", async (name) => {
    const scheme = await digitScheme(await loadTokenizer(join(realData!, name)));
    const [expected, unwritable] = LACKING[name] ?? [SINGLE.includes(name) ? "single-digits" : "mixed", 0];
    expect(scheme).toMatchObject({ name: expected, unwritable });
    const shapes = Object.values(scheme.shapes).reduce((sum, count) => sum + count, 0);
    expect(shapes).toBe(10_000 - unwritable);
  });
});
