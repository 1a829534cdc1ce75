import { added, BYTE_TOKENS } from "@revocab/test-support/tokenizer-json";
import { spelled, textsOf, tokenizerOf, utf8 } from "@revocab/test-support/tokenizer-of";
import { describe, expect, it } from "vitest";
import { BYTE_ALPHABET } from "../src/bytes/byte-alphabet.ts";

const BYTE_LEVEL = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
const METASPACE = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };

const byteTokens = (first: number): Record<string, number> =>
  Object.fromEntries(BYTE_TOKENS.map((token, byte) => [token, first + byte]));

describe("GPT-2's alphabet", () => {
  it("writes the worked examples: Ġ is 0x20, Ċ 0x0A, ĉ 0x09, Ģ 0x80 and ÿ 0xFF", () => {
    const { characterOf, byteOf } = BYTE_ALPHABET;
    expect([0x20, 0x0a, 0x09, 0x41, 0x7f, 0x80, 0xa0, 0xad, 0xff].map((byte) => characterOf[byte])).toEqual([
      "Ġ",
      "Ċ",
      "ĉ",
      "A",
      "ġ",
      "Ģ",
      "ł",
      "Ń",
      "ÿ",
    ]);
    expect(new Set(characterOf).size).toBe(256);
    characterOf.forEach((character, byte) => {
      expect(byteOf[character.charCodeAt(0)]).toBe(byte);
    });
  });
});

describe("byte-level BPE", () => {
  const vocab = Object.fromEntries(BYTE_ALPHABET.characterOf.map((character, id) => [character, id]));
  const model = {
    type: "BPE",
    vocab: { ...vocab, Ġt: 256, he: 257, Ġthe: 258 },
    merges: ["Ġ t", "h e", "Ġt he"],
  };
  const parts = { model, preTokenizer: BYTE_LEVEL };

  it("is known by a ByteLevel pre-tokenizer, decoder or normalizer", () => {
    for (const place of ["preTokenizer", "decoder", "normalizer"]) {
      expect(tokenizerOf({ model, [place]: BYTE_LEVEL }).family).toBe("byte-level-bpe");
    }
    expect(tokenizerOf({ model }).family).toBe("character-bpe");
  });

  it("spells any bytes, incomplete characters too", () => {
    const tokenizer = tokenizerOf(parts);
    expect(spelled(tokenizer, " the")).toEqual(["Ġthe"]);
    expect(spelled(tokenizer, " thé")).toEqual(["Ġt", "h", "Ã", "©"]);
    expect(spelled(tokenizer, Uint8Array.of(0xff, 0xc3))).toEqual(["ÿ", "Ã"]);
    expect(spelled(tokenizer, "")).toEqual([]);
  });

  it("cannot spell a byte it has no token for, even with an unk", () => {
    const { "!": _removed, ...rest } = vocab;
    const tokenizer = tokenizerOf({
      model: { type: "BPE", vocab: { ...rest, "<unk>": 256 }, merges: [], unk_token: "<unk>" },
      preTokenizer: BYTE_LEVEL,
      added: [added(256, "<unk>")],
    });
    expect(spelled(tokenizer, "a!")).toBeUndefined();
    expect(tokenizer.notes).toContain("1 of the 256 bytes have no token");
  });

  it("with ignore_merges takes the whole token before merging", () => {
    const whole = { ...model, vocab: { ...model.vocab, abc: 259 } };
    expect(spelled(tokenizerOf({ ...parts, model: whole }), "abc")).toEqual(["a", "b", "c"]);
    expect(spelled(tokenizerOf({ ...parts, model: { ...whole, ignore_merges: true } }), "abc")).toEqual([
      "abc",
    ]);
  });

  it("reads merges as strings and as pairs alike", () => {
    const pairs = { ...model, merges: model.merges.map((merge) => merge.split(" ")) };
    expect(spelled(tokenizerOf({ ...parts, model: pairs }), " the")).toEqual(["Ġthe"]);
  });

  it("merges 100,000 spaces in well under a second", () => {
    const runs = ["Ġ", "ĠĠ", "ĠĠĠĠ", "ĠĠĠĠĠĠĠĠ"];
    const long = {
      type: "BPE",
      vocab: { ...vocab, ...Object.fromEntries(runs.slice(1).map((run, i) => [run, 256 + i])) },
      merges: runs.slice(0, -1).map((run) => [run, run]),
    };
    const tokenizer = tokenizerOf({ ...parts, model: long });
    const start = performance.now();
    expect(tokenizer.vocabulary.spell(new Uint8Array(100_000).fill(0x20))).toEqual(
      new Uint32Array(12_500).fill(258),
    );
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe("SentencePiece BPE", () => {
  const vocab = { "<unk>": 0, ...byteTokens(1), "▁": 257, a: 258, "▁a": 259, é: 260, "a▁": 261 };
  const parts = {
    model: { type: "BPE", vocab, merges: ["▁ a", "a ▁"], unk_token: "<unk>", byte_fallback: true },
    normalizer: { type: "Replace", pattern: { String: " " }, content: "▁" },
    added: [added(0, "<unk>")],
  };
  const tokenizer = tokenizerOf(parts);

  it("reads ▁ as a space anywhere in a piece, and <0xFF> as a byte", () => {
    const { vocabulary, family } = tokenizer;
    expect(family).toBe("sentencepiece-bpe");
    expect([257, 259, 260, 261].map((id) => Buffer.from(vocabulary.bytesOf(id)).toString())).toEqual([
      " ",
      " a",
      "é",
      "a ",
    ]);
    expect(vocabulary.kindOf(256)).toBe("byte");
    expect([...vocabulary.bytesOf(256)]).toEqual([0xff]);
  });

  it("prefers the text token of a byte to its byte token", () => {
    expect(tokenizer.vocabulary.idsOf(utf8("a"))).toEqual([258, 1 + 0x61]);
    expect(spelled(tokenizer, "a")).toEqual(["a"]);
  });

  it("prefers an added token, which is found before the model runs, to a piece of the same bytes", async () => {
    const shadowed = tokenizerOf({ ...parts, added: [...parts.added, added(262, " a", { special: false })] });
    expect(shadowed.vocabulary.idsOf(utf8(" a"))).toEqual([262, 259]);
    expect(Array.from(await shadowed.encode(" a"))).toEqual([262]);
    expect(spelled(shadowed, " a")).toEqual([" a"]);
  });

  it("falls back to byte tokens for characters it lacks, for broken ones and for a literal ▁", () => {
    expect(spelled(tokenizer, " aè")).toEqual(["▁a", "<0xC3>", "<0xA8>"]);
    expect(spelled(tokenizer, Uint8Array.of(0x61, 0xff))).toEqual(["a", "<0xFF>"]);
    expect(spelled(tokenizer, "▁")).toEqual(["<0xE2>", "<0x96>", "<0x81>"]);
  });

  it("without byte tokens cannot spell what it lacks", () => {
    const plain = tokenizerOf({
      ...parts,
      model: {
        type: "BPE",
        vocab: { "<unk>": 0, "▁": 1, a: 2, "▁a": 3 },
        merges: ["▁ a"],
        unk_token: "<unk>",
      },
    });
    expect(plain.family).toBe("sentencepiece-bpe");
    expect(spelled(plain, " a")).toEqual(["▁a"]);
    expect(spelled(plain, " b")).toBeUndefined();
  });
});

describe("character BPE", () => {
  it("reads the end-of-word suffix as the space after the word", () => {
    const tokenizer = tokenizerOf({
      model: {
        type: "BPE",
        vocab: { a: 0, b: 1, "b</w>": 2, "ab</w>": 3, "a</w>": 4 },
        merges: ["a b</w>"],
        end_of_word_suffix: "</w>",
      },
    });
    expect(tokenizer.family).toBe("character-bpe");
    expect(textsOf(tokenizer)).toEqual(["a", "b", "b ", "ab ", "a "]);
    expect(spelled(tokenizer, "ab ab")).toEqual(["ab</w>", "a", "b"]);
    expect(spelled(tokenizer, " ab")).toBeUndefined();
  });

  it("reads a continuing prefix as in WordPiece", () => {
    const tokenizer = tokenizerOf({
      model: {
        type: "BPE",
        vocab: { a: 0, "##a": 1, "##b": 2, ab: 3, "##ab": 4 },
        merges: ["a ##b", "##a ##b"],
        continuing_subword_prefix: "##",
      },
    });
    expect(textsOf(tokenizer)).toEqual([" a", "a", "b", " ab", "ab"]);
    expect(spelled(tokenizer, " abab")).toEqual(["ab", "##ab"]);
    expect(spelled(tokenizer, "ab a")).toEqual(["##ab", "a"]);
  });

  it("takes empty marks as none", () => {
    const tokenizer = tokenizerOf({
      model: {
        vocab: { a: 0, b: 1, ab: 2 },
        merges: ["a b"],
        continuing_subword_prefix: "",
        end_of_word_suffix: "",
      },
    });
    expect(textsOf(tokenizer)).toEqual(["a", "b", "ab"]);
    expect(spelled(tokenizer, "aab")).toEqual(["a", "ab"]);
  });
});

describe("Unigram", () => {
  const vocab: [string, number][] = [
    ["<unk>", 0],
    ["▁", -3],
    ["a", -2],
    ["b", -2],
    ["▁a", -2.5],
    ["ab", -3],
    ["▁ab", -7],
  ];
  const parts = { model: { type: "Unigram", unk_id: 0, vocab }, preTokenizer: METASPACE };

  it("takes the best sum of scores, not the longest piece", () => {
    const tokenizer = tokenizerOf(parts);
    expect(tokenizer.family).toBe("unigram");
    // ▁a + b = −4.5, ▁ + ab = −6, ▁ab = −7
    expect(spelled(tokenizer, " ab")).toEqual(["▁a", "b"]);
    expect(spelled(tokenizer, "ab")).toEqual(["ab"]);
  });

  it("never uses unk", () => {
    const tokenizer = tokenizerOf(parts);
    expect(tokenizer.vocabulary.kindOf(0)).toBe("special");
    expect(tokenizer.vocabulary.rolesOf(0)).toEqual(["unk"]);
    expect(spelled(tokenizer, "ac")).toBeUndefined();
    expect(spelled(tokenizer, Uint8Array.of(0x61, 0xc3))).toBeUndefined();
  });

  it("with byte fallback spells a character it lacks in bytes", () => {
    const bytes = Object.keys(byteTokens(0)).map((token): [string, number] => [token, 0]);
    const tokenizer = tokenizerOf({
      ...parts,
      model: { ...parts.model, byte_fallback: true, vocab: [...vocab, ...bytes] },
    });
    expect(spelled(tokenizer, "aé")).toEqual(["a", "<0xC3>", "<0xA9>"]);
    expect(spelled(tokenizer, "a")).toEqual(["a"]);
  });
});

describe("WordPiece", () => {
  const vocab = { "[UNK]": 0, un: 1, "##happy": 2, "##hap": 3, "##py": 4, bird: 5, "[unused1]": 6, ",": 7 };
  const parts = { model: { type: "WordPiece", vocab, unk_token: "[UNK]" }, added: [added(0, "[UNK]")] };
  const tokenizer = tokenizerOf(parts);

  it("reads a piece without ## as a space and its characters", () => {
    expect(tokenizer.family).toBe("wordpiece");
    expect(textsOf(tokenizer)).toEqual(["[UNK]", " un", "happy", "hap", "py", " bird", "", " ,"]);
    expect(tokenizer.vocabulary.kindOf(6)).toBe("unused");
  });

  it("spells by the longest match, words by their spaces", () => {
    expect(spelled(tokenizer, " unhappy bird")).toEqual(["un", "##happy", "bird"]);
    expect(spelled(tokenizer, "happy")).toEqual(["##happy"]);
    expect(spelled(tokenizer, "un")).toBeUndefined();
    for (const space of [" ", "  ", "\n", " bird "]) expect(spelled(tokenizer, space)).toBeUndefined();
  });

  it("takes another prefix from the file", () => {
    const other = tokenizerOf({
      model: { type: "WordPiece", vocab: { a: 0, "@@b": 1, "##b": 2 }, continuing_subword_prefix: "@@" },
    });
    expect(textsOf(other)).toEqual([" a", "b", " ##b"]);
  });
});

describe("WordLevel", () => {
  it("of single characters has no mark, and its unk that is a space stays text", () => {
    const tokenizer = tokenizerOf({
      model: { type: "WordLevel", vocab: { " ": 0, a: 1, b: 2, "\n": 3 }, unk_token: " " },
      preTokenizer: { type: "Split", pattern: { Regex: "[\\s\\S]" }, behavior: "Isolated", invert: false },
      decoder: { type: "Fuse" },
    });
    expect(textsOf(tokenizer)).toEqual([" ", "a", "b", "\n"]);
    expect(tokenizer.vocabulary.kindOf(0)).toBe("text");
    expect(tokenizer.vocabulary.idOfRole("unk")).toBeUndefined();
    expect(spelled(tokenizer, "a b\n")).toEqual(["a", " ", "b", "\n"]);
    expect(spelled(tokenizer, "c")).toBeUndefined();
  });

  it("of words that white space was taken from gives each its space", () => {
    const tokenizer = tokenizerOf({
      model: { type: "WordLevel", vocab: { "[UNK]": 0, a: 1, ab: 2 }, unk_token: "[UNK]" },
      preTokenizer: { type: "Whitespace" },
    });
    expect(textsOf(tokenizer)).toEqual(["[UNK]", " a", " ab"]);
    expect(spelled(tokenizer, " ab a")).toEqual(["ab", "a"]);
    expect(spelled(tokenizer, "ab")).toBeUndefined();
  });
});
