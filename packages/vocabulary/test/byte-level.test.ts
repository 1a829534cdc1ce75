import { join } from "node:path";
import { realData, realLines } from "@revocab/test-support/real-data";
import { added, BYTE_TOKENS, numbered } from "@revocab/test-support/tokenizer-json";
import { tokenizerOf, utf8 } from "@revocab/test-support/tokenizer-of";
import { convertToByteLevel, loadTokenizer, type Tokenizer, tokenizerFromFiles } from "@revocab/vocabulary";
import { beforeAll, describe, expect, it } from "vitest";

const spaceMark = [
  { type: "Prepend", prepend: "▁" },
  { type: "Replace", pattern: { String: " " }, content: "▁" },
];

/** Llama's kind: byte fallback, a dummy prefix, NFKC before it. */
const sentencePiece = () =>
  tokenizerOf({
    model: {
      type: "BPE",
      unk_token: "<unk>",
      byte_fallback: true,
      fuse_unk: true,
      vocab: numbered(["<unk>", "<s>", ...BYTE_TOKENS, "▁", "a", "b", "é", "日", "本", "▁a", "ab", "日本"]),
      merges: ["▁ a", "a b", "日 本"],
    },
    added: [added(0, "<unk>"), added(1, "<s>")],
    normalizer: { type: "Sequence", normalizers: [{ type: "NFKC" }, ...spaceMark] },
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
  });
const TEXTS = ["ab a", "a ab é日本日 \n a", "ａｂ", " a  a", "<s>a", "本日"];

describe("convertToByteLevel", () => {
  it("keeps every id of a SentencePiece BPE, and its normalizer", async () => {
    const original = sentencePiece();
    const { tokenizer, added: extra } = convertToByteLevel(original);
    for (const text of TEXTS) expect(await tokenizer.encode(text)).toEqual(await original.encode(text));
    // æ— 日 and 本 need the bytes before their last
    expect(
      Array.from({ length: extra }, (_, i) => tokenizer.vocabulary.tokenOf(original.vocabulary.size + i)),
    ).toEqual(["æĹ", "æľ"]);
    expect(tokenizer.family).toBe("byte-level-bpe");
    expect(await tokenizer.decode(await tokenizer.encode("ab é日"))).toBe("ab é日");
  });

  it("gives the ids of the bytes to text the original writes in bytes, 0xFF too", () => {
    const original = sentencePiece();
    const { vocabulary } = convertToByteLevel(original).tokenizer;
    for (const byte of [0x00, 0x0a, 0x7f, 0xff]) {
      const bytes = Uint8Array.of(byte);
      expect(vocabulary.idsOf(bytes)).toEqual(original.vocabulary.idsOf(bytes));
    }
    const a = original.vocabulary.idsOf(utf8("a"));
    expect(a.map((id) => original.vocabulary.tokenOf(id))).toEqual(["a", "<0x61>"]);
    expect(vocabulary.idsOf(utf8("a"))).toEqual([a[0]]);
    expect(vocabulary.kindOf(a[1])).toBe("unused");
  });

  it("gives a Unigram the same best pieces, and bytes where it had its unk", async () => {
    const original = tokenizerOf({
      model: {
        type: "Unigram",
        unk_id: 0,
        vocab: [
          ["<unk>", 0],
          ["</s>", 0],
          ["▁", -3],
          ["a", -4],
          ["▁a", -2.5],
          ["é", -5],
          ["aé", -6],
        ],
      },
      added: [added(0, "<unk>"), added(1, "</s>"), added(7, "<extra>")],
      normalizer: { type: "NFKC" },
      preTokenizer: { type: "Metaspace", replacement: "▁", add_prefix_space: true },
      decoder: { type: "Metaspace", replacement: "▁", add_prefix_space: true },
    });
    const { tokenizer } = convertToByteLevel(original);
    for (const text of ["a aé", "aa ａ é", " a", "a<extra>a"]) {
      expect(await tokenizer.encode(text)).toEqual(await original.encode(text));
    }
    expect(await tokenizer.decode(await tokenizer.encode("a 日 a"))).toBe("a 日 a");
  });

  it("gives a WordPiece the same ids, with a space before each word", async () => {
    const original = tokenizerOf({
      model: {
        type: "WordPiece",
        unk_token: "[UNK]",
        continuing_subword_prefix: "##",
        max_input_chars_per_word: 100,
        vocab: numbered(["[PAD]", "[UNK]", "a", "##b", "ab", "##é", ",", "日"]),
      },
      added: [added(0, "[PAD]"), added(1, "[UNK]")],
      normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, lowercase: true },
      preTokenizer: { type: "BertPreTokenizer" },
      decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    });
    const { tokenizer } = convertToByteLevel(original);
    for (const text of ["A ab, abb", "a日ab", "[PAD] ab"]) {
      expect(await tokenizer.encode(text)).toEqual(await original.encode(text));
    }
    expect(tokenizer.vocabulary.tokenOf(4)).toBe("Ġab");
    expect([...(await original.encode("x"))]).toEqual([1]);
    expect(await tokenizer.decode(await tokenizer.encode("x"))).toBe("x");
  });

  it("leaves a byte-level tokenizer alone that has all bytes, and adds those that are missing", async () => {
    const byteLevel = (pieces: readonly string[]) =>
      tokenizerOf({
        model: { type: "BPE", vocab: numbered([...pieces, "ab"]), merges: ["a b"] },
        added: [added(pieces.length + 1, "<s>")],
        preTokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
        decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      });
    const partial = byteLevel(["a", "b", "Ġ"]);
    const { tokenizer, added: extra } = convertToByteLevel(partial);
    expect(extra).toBe(253);
    expect([...(await tokenizer.encode("ab a<s>"))]).toEqual([...(await partial.encode("ab a<s>"))]);
    expect(convertToByteLevel(tokenizer)).toEqual({ tokenizer, added: 0 });
  });

  it("refuses a tokenizer of whole words", () => {
    const words = tokenizerOf({
      model: { type: "WordLevel", unk_token: "x", vocab: { x: 0 } },
      preTokenizer: { type: "Whitespace" },
    });
    expect(() => convertToByteLevel(words)).toThrow(
      expect.objectContaining({ code: "unsupported_tokenizer" }),
    );
  });
});

describe("convertToByteLevel as the reference", () => {
  it("forgets the byte 0xFF and the normalizer, and joins bytes pairwise", async () => {
    const original = sentencePiece();
    const { tokenizer } = convertToByteLevel(original, { mode: "reference" });
    const { vocabulary } = tokenizer;
    expect(vocabulary.tokenOf(2 + 0xfe)).toBe("þ");
    expect(vocabulary.tokenOf(2 + 0xff)).toBe("<0xFF>");
    expect(vocabulary.tokenOf(original.vocabulary.size)).toBe("ÿ");
    expect(await tokenizer.encode("ab a")).toEqual(await original.encode("ab a"));
    expect(await tokenizer.encode("ａ")).not.toEqual(await original.encode("ａ"));
  });

  it("puts another tokenizer's specials at that one's ids, and makes white space the same for all", () => {
    const specialsOf = tokenizerOf(
      {
        model: { type: "WordLevel", unk_token: "[U]", vocab: numbered(["x", "[U]", "[C]"]) },
        added: [added(1, "[U]"), added(2, "[C]")],
      },
      { "tokenizer_config.json": { unk_token: "[U]", cls_token: "[C]" } },
    );
    const { tokenizer } = convertToByteLevel(sentencePiece(), {
      mode: "reference",
      consistentWhitespace: true,
      specialsOf,
    });
    const { vocabulary } = tokenizer;
    expect([vocabulary.idOfRole("unk"), vocabulary.idOfRole("cls")]).toEqual([1, 2]);
    expect(vocabulary.idOfSpecial("<s>")).toBeUndefined();
    expect(vocabulary.idsOf(utf8("\t".repeat(16))).length).toBe(1);
    expect(vocabulary.idsOf(utf8(` ${"\n".repeat(15)}`)).length).toBe(1);
  });
});

describe.skipIf(realData === undefined)("convertToByteLevel of real tokenizers", () => {
  let lines: readonly string[] = [];
  beforeAll(() => {
    lines = realLines(["tinystories", "xquad.de", "xquad.zh", "xquad.ar"], 3000);
  });
  for (const name of ["mistral-v0.1", "t5-small", "bert-cased"]) {
    it(`${name} gives the same ids after it was written out, wherever it knew the characters`, async () => {
      const original = await loadTokenizer(join(realData!, "tokenizers", name));
      const converted = convertToByteLevel(original).tokenizer;
      const written = tokenizerFromFiles(new Map(converted.files), "written");
      let same = 0;
      for (const line of lines) {
        const ids = await original.encode(line);
        const again = await written.encode(line);
        if (original.family === "sentencepiece-bpe") {
          expect(await written.decode(again)).toBe(await original.decode(ids));
        }
        if (isBeyond(original, ids)) continue;
        expect(again).toEqual(ids);
        same++;
      }
      expect(same).toBeGreaterThan(10);
    });
  }
});

/** Whether a text has characters that a tokenizer writes as unk, or in bytes that a character may share. */
function isBeyond({ vocabulary }: Tokenizer, ids: Uint32Array): boolean {
  const unk = vocabulary.idOfRole("unk");
  return ids.some(
    (id) => id === unk || (vocabulary.kindOf(id) === "byte" && vocabulary.bytesOf(id)[0] >= 0x80),
  );
}
