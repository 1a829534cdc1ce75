import { added } from "@revocab/test-support/tokenizer-json";
import { tokenizerOf } from "@revocab/test-support/tokenizer-of";
import { describe, expect, it } from "vitest";
import { javaScriptPattern } from "../src/text-cuts.ts";

const model = { type: "BPE", vocab: { a: 0, b: 1 }, merges: [] };
const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
const split = (pattern: object, more: object = {}) => ({
  type: "Sequence",
  pretokenizers: [
    { type: "Split", pattern, behavior: "Isolated", invert: false, ...more },
    { ...byteLevel, use_regex: false },
  ],
});

function pieces(text: string, pattern: RegExp): string[] {
  const found: string[] = [];
  for (let at = 0; at < text.length; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) throw new Error(`nothing matches at ${at}`);
    found.push(match[0]);
  }
  return found;
}

describe("the pattern of a tokenizer", () => {
  it("GPT-2's leaves the last space to the word after it", () => {
    const cuts = tokenizerOf({ model, preTokenizer: byteLevel }).textCuts()!;
    expect(pieces("It's  12ab,\n\n x\u0085", cuts.piece)).toEqual([
      "It",
      "'s",
      " ",
      " 12",
      "ab",
      ",",
      "\n\n",
      " x",
      "\u0085",
    ]);
  });

  it("in any case means the two letters outside ASCII too", () => {
    const pattern = javaScriptPattern("(?i:'s|'ll)|\\p{L}+|[\\s\\S]")!;
    expect(pieces("'S'lL'\u017fa", pattern)).toEqual(["'S", "'lL", "'\u017f", "a"]);
  });

  it("Llama 3's takes three digits at a time", () => {
    const pattern = javaScriptPattern(
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    )!;
    expect(pieces("(ab)\n 1234", pattern)).toEqual(["(ab", ")\n", " ", "123", "4"]);
  });

  it("white space is Unicode's: U+0085 is, U+FEFF is not", () => {
    const pattern = javaScriptPattern("\\s+|[^\\s]+|\\S")!;
    expect(pieces("a\u0085\ufeff", pattern)).toEqual(["a", "\u0085", "\ufeff"]);
  });

  for (const pattern of [
    "a++",
    "a?+b",
    "a*?",
    "(?<=a)b",
    "^a",
    "a$",
    "a.",
    "\\w+",
    "\\bx",
    "\\p{Han}+",
    "\\p{^L}",
    "[a-z&&[^b]]",
    "[[:alpha:]]",
    "(?i:\\p{L})",
    "(?m:a)",
    "(a)\\1",
    "[",
    "a)",
  ]) {
    it(`${pattern} is not taken for a JavaScript one`, () => {
      expect(javaScriptPattern(pattern)).toBeUndefined();
    });
  }
});

describe("the cuts of a tokenizer are told", () => {
  it("for a Split before a ByteLevel, with the form and the longest added token first", () => {
    const cuts = tokenizerOf({
      model,
      preTokenizer: split({ Regex: "\\p{L}+|\\P{L}" }),
      normalizer: { type: "NFC" },
      added: [added(2, "<|a|>"), added(3, "<|a|>b", { special: false })],
    }).textCuts()!;
    expect(cuts.forms).toEqual(["NFC"]);
    expect("x<|a|>b<|a|>".match(cuts.added!)).toEqual(["<|a|>b", "<|a|>"]);
    expect(cuts.idOfAdded.get("<|a|>b")).toBe(3);
  });

  for (const [name, parts] of Object.entries({
    "no pattern": { preTokenizer: null },
    "a space put first": { preTokenizer: { ...byteLevel, add_prefix_space: true } },
    "a pattern between the pieces": { preTokenizer: split({ Regex: "\\s" }, { invert: true }) },
    "pieces thrown away": { preTokenizer: split({ Regex: "\\s" }, { behavior: "Removed" }) },
    "a string to split at": { preTokenizer: split({ String: " " }) },
    "a normalizer that changes letters": { preTokenizer: byteLevel, normalizer: { type: "Lowercase" } },
    "an added token that must stand alone": {
      preTokenizer: byteLevel,
      added: [added(2, "x", { single_word: true })],
    },
    "an added text that takes spaces along": {
      preTokenizer: byteLevel,
      added: [added(2, "x", { special: false, lstrip: true })],
    },
  })) {
    it(`not for ${name}`, () => {
      expect(tokenizerOf({ model, ...parts }).textCuts()).toBeUndefined();
    });
  }
});
