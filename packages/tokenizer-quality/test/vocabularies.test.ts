import { gpt2TokenizerJson } from "@revocab/test-support/gpt2";
import { added, BYTE_TOKENS, bpeModel, byteLevel, numbered } from "@revocab/test-support/tokenizer-json";
import { tokenizerFrom, tokenizerOf } from "@revocab/test-support/tokenizer-of";
import {
  classifyTokens,
  compareVocabularies,
  languageShares,
  NO_CLASS,
  scriptOfText,
  TOKEN_CLASSES,
  tokenLengths,
} from "@revocab/tokenizer-quality";
import { inByteAlphabet } from "@revocab/vocabulary/internal";
import { describe, expect, it } from "vitest";

/** A byte-level vocabulary of just these texts and bytes; specials behind them. */
function byteLevelOf(contents: readonly (string | Uint8Array)[], specials: readonly string[] = []) {
  const pieces = contents.map(inByteAlphabet);
  return tokenizerOf({
    model: bpeModel(numbered(pieces), []),
    preTokenizer: byteLevel(false),
    decoder: byteLevel(true),
    added: specials.map((token, i) => added(pieces.length + i, token)),
  });
}

/** A SentencePiece BPE of these pieces, `▁` for a space. */
function spacedOf(pieces: readonly string[]) {
  return tokenizerOf({
    model: { ...bpeModel(numbered(pieces), []), byte_fallback: true },
    decoder: { type: "Sequence", decoders: [{ type: "ByteFallback" }, { type: "Fuse" }] },
    preTokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "first", split: false },
  });
}

/** The class of each token. */
function classesOf(tokenizer: ReturnType<typeof tokenizerOf>): (string | null)[] {
  return Array.from(classifyTokens(tokenizer.vocabulary).classes, (place) =>
    place === NO_CLASS ? null : TOKEN_CLASSES[place]!,
  );
}

describe("the class of a token", () => {
  it("follows from the bytes that it stands for", () => {
    const expected: readonly (readonly [string | Uint8Array, string])[] = [
      ["a", "pure-unicode"],
      ["\n", "pure-unicode"],
      [" ", "pure-unicode"],
      [Uint8Array.of(0x80), "pure-unicode"],
      ["é", "char-alpha"],
      ["猫", "char-alpha"],
      ["€", "char-other"],
      ["٣", "char-other"],
      ["\u0085", "char-errors"],
      ["\ue000", "char-errors"],
      [" the", "spaced-alpha"],
      [" naïve", "spaced-alpha"],
      [" кот", "spaced-alpha"],
      [" 12", "spaced-other"],
      [" a1", "spaced-other"],
      ["  ", "spaced-other"],
      [" xя", "spaced-other"],
      [" \n", "spaced-errors"],
      ["ing", "inner-alpha"],
      ["ラーメン", "inner-alpha"],
      ["ing.", "inner-other"],
      ["食べ", "inner-other"],
      ["<br>", "inner-other"],
      ["\n\n", "inner-errors"],
      [Uint8Array.of(0xe7, 0x8c), "unicode-flanks"],
      [Uint8Array.of(0x20, 0xe7), "unicode-flanks"],
    ];
    const tokenizer = byteLevelOf(
      expected.map(([content]) => content),
      ["<|endoftext|>"],
    );
    expect(classesOf(tokenizer)).toEqual([...expected.map(([, name]) => name), "control"]);
  });

  it("does not depend on how a family writes tokens", () => {
    expect(classesOf(spacedOf(["▁the", "ing", "a", "▁", "é", "<0x61>", "<0xE7>"]))).toEqual([
      "spaced-alpha",
      "inner-alpha",
      "pure-unicode",
      "pure-unicode",
      "char-alpha",
      "pure-unicode",
      "pure-unicode",
    ]);
  });

  it("is control for a placeholder, and none for a hole", () => {
    const wordPiece = tokenizerOf({
      model: {
        type: "WordPiece",
        unk_token: "[UNK]",
        continuing_subword_prefix: "##",
        max_input_chars_per_word: 100,
        vocab: { "[UNK]": 0, "[unused1]": 1, the: 2, "##ing": 4 },
      },
    });
    expect(classesOf(wordPiece)).toEqual(["control", "control", "spaced-alpha", null, "inner-alpha"]);
  });

  it("has a count for each token of GPT-2, and the scripts of its letters", () => {
    const { vocabulary } = tokenizerFrom({ "tokenizer.json": gpt2TokenizerJson() });
    const { counts, scripts } = classifyTokens(vocabulary);
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(50_257);
    expect(counts["pure-unicode"]).toBe(256);
    expect(counts.control).toBe(1);
    expect(Object.keys(scripts)[0]).toBe("Latin");
  });
});

describe("the script of a text", () => {
  it("is that of its letters; marks and signs that several scripts share are of none", () => {
    expect(["cafe\u0301", "кот", "ラーメン", "한국", "\u0301", "aя", "हिन्दी"].map(scriptOfText)).toEqual([
      "Latin",
      "Cyrillic",
      "Katakana",
      "Hangul",
      undefined,
      undefined,
      "Devanagari",
    ]);
  });
});

describe("tokens that vocabularies share", () => {
  it("are those of the same bytes, each once, whatever the family; specials do not count", () => {
    const first = byteLevelOf([" the", "a", "b"], ["</s>"]);
    const second = spacedOf(["▁the", "a", "c", "<0x61>"]);
    const third = byteLevelOf([" the", "c"]);
    const { core, each } = compareVocabularies([first, second, third].map(({ vocabulary }) => vocabulary));
    expect(core).toBe(1);
    expect(each).toEqual([
      { tokens: 3, singletons: 1, shared: [3, 2, 1] },
      { tokens: 3, singletons: 0, shared: [2, 3, 2] },
      { tokens: 2, singletons: 0, shared: [1, 2, 2] },
    ]);
  });
});

describe("lengths of tokens", () => {
  it("are in bytes, of text and bytes alone", () => {
    const { meanBytes, byBytes, longest } = tokenLengths(
      byteLevelOf(["a", "é", " the", "x".repeat(40)], ["<|a very long special token|>"]).vocabulary,
    );
    expect(meanBytes).toBe((1 + 2 + 4 + 40) / 4);
    expect([byBytes[0], byBytes[1], byBytes[3], byBytes.at(-1)]).toEqual([1, 1, 1, 1]);
    expect(longest).toEqual({ id: 3, token: "x".repeat(40), bytes: 40 });
  });
});

describe("languages by word lists", () => {
  it("have a token in equal parts where several lists have it, case aside", () => {
    const { vocabulary } = byteLevelOf([" Hand", "dog", " the", " xqz", "12", "a"]);
    const shares = languageShares(vocabulary, classifyTokens(vocabulary), [
      ["hand", "dog", "the"],
      ["Hand", "Hund"],
    ]);
    expect(shares).toEqual({ known: 3, unknown: 1, tokens: [2.5, 0.5] });
  });
});

it("byte tokens of all families are single bytes", () => {
  const { counts } = classifyTokens(spacedOf(BYTE_TOKENS).vocabulary);
  expect(counts["pure-unicode"]).toBe(256);
});
