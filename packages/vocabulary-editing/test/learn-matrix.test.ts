import { createRequire } from "node:module";
import { tokenizerJson } from "@revocab/test-support/tokenizer-json";
import { tokenizerOf } from "@revocab/test-support/tokenizer-of";
import type { Tokenizer } from "@revocab/vocabulary";
import { inByteAlphabet } from "@revocab/vocabulary/internal";
import { extendTokenizer, learnPieces } from "@revocab/vocabulary-editing";
import { describe, expect, it } from "vitest";

const { Tokenizer: Library } = createRequire(import.meta.url)("tokenizers");

const LINES = [
  "Der Schmetterling flog über die Wiese, und der Schmetterling flog weiter.",
  "Ein Café, zwei Cafés: 1919 und 2024. Das Café über der Wiese!",
  "Der Leuchtturm leuchtet; der Leuchtturm leuchtet über dem Meer. Øre, smørrebrød, øre.",
];

const MODELS = ["BPE", "Unigram", "WordPiece"] as const;

const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };
const PRE_TOKENIZERS: Readonly<Record<string, object | null>> = {
  none: null,
  ByteLevel: byteLevel,
  "ByteLevel with a prefix space": { ...byteLevel, add_prefix_space: true },
  "ByteLevel without its pattern": { ...byteLevel, use_regex: false },
  "Digits and ByteLevel": {
    type: "Sequence",
    pretokenizers: [{ type: "Digits", individual_digits: true }, byteLevel],
  },
  "Split and ByteLevel": {
    type: "Sequence",
    pretokenizers: [
      {
        type: "Split",
        pattern: { Regex: "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+|\\s+" },
        behavior: "Isolated",
        invert: false,
      },
      { ...byteLevel, use_regex: false },
    ],
  },
  Metaspace: metaspace,
  "Metaspace at the first word": { ...metaspace, prepend_scheme: "first" },
  "Metaspace without a prefix": { ...metaspace, prepend_scheme: "never" },
  "Metaspace unsplit": { ...metaspace, prepend_scheme: "first", split: false },
  Whitespace: { type: "Whitespace" },
  "WhitespaceSplit and Metaspace": {
    type: "Sequence",
    pretokenizers: [{ type: "WhitespaceSplit" }, metaspace],
  },
  BertPreTokenizer: { type: "BertPreTokenizer" },
  "UnicodeScripts and Punctuation": {
    type: "Sequence",
    pretokenizers: [{ type: "UnicodeScripts" }, { type: "Punctuation", behavior: "Isolated" }],
  },
};

const NORMALIZERS: Readonly<Record<string, object | null>> = {
  none: null,
  NFC: { type: "NFC" },
  NFD: { type: "NFD" },
  NFKC: { type: "NFKC" },
  Lowercase: { type: "Lowercase" },
  "NFD, Lowercase, StripAccents": {
    type: "Sequence",
    normalizers: [{ type: "NFD" }, { type: "Lowercase" }, { type: "StripAccents" }],
  },
  BertNormalizer: {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  "Prepend and Replace": {
    type: "Sequence",
    normalizers: [
      { type: "Prepend", prepend: "▁" },
      { type: "Replace", pattern: { String: " " }, content: "▁" },
    ],
  },
};

/** A model that has each character of the lines, as the components leave them, and no more. */
function characterTokenizer(
  type: (typeof MODELS)[number],
  preTokenizer: object | null,
  normalizer: object | null,
) {
  const bare = { type: "WordLevel", vocab: { "<unk>": 0 }, unk_token: "<unk>" };
  const library = Library.fromString(tokenizerJson({ model: bare, preTokenizer, normalizer }));
  const normalized = LINES.map((line) => library.getNormalizer()?.normalizeString(line) ?? line);
  const words = normalized.flatMap((line): string[] =>
    preTokenizer === null
      ? [line]
      : library
          .getPreTokenizer()
          .preTokenizeString(line)
          .map(([word]: [string]) => word),
  );
  const isByteLevel = JSON.stringify(preTokenizer).includes("ByteLevel");
  const characters = isByteLevel ? BYTES : [...new Set(words.flatMap((word) => [...word]))].sort();
  const pieces = type === "WordPiece" ? characters.flatMap((letter) => [letter, `##${letter}`]) : characters;
  const entries = ["<unk>", ...pieces];
  const vocab = Object.fromEntries(entries.map((piece, id) => [piece, id]));
  const model = {
    BPE: { type: "BPE", unk_token: "<unk>", vocab, merges: [] },
    Unigram: { type: "Unigram", unk_id: 0, vocab: entries.map((piece, id) => [piece, id === 0 ? 0 : -5]) },
    WordPiece: {
      type: "WordPiece",
      unk_token: "<unk>",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 1000,
      vocab,
    },
  }[type];
  const decoder = { type: type === "WordPiece" ? "WordPiece" : "Fuse", prefix: "##", cleanup: false };
  return tokenizerOf({ model, preTokenizer, normalizer, decoder });
}

/** Here a text is one word behind a mark, and a piece that is given begins a word: it is refused, with the reason. */
const ONE_WORD = "WordPiece, ByteLevel without its pattern, Prepend and Replace";

/** GPT-2's alphabet, which a byte-level training begins with. */
const BYTES = Array.from({ length: 256 }, (_, byte) => inByteAlphabet(Uint8Array.of(byte)));

/** What the tokens spell, however long they are. */
function written({ vocabulary }: Tokenizer, ids: Uint32Array): string {
  return Array.from(ids, (id) => vocabulary.tokenOf(id).replace(/^##/, "")).join("");
}

const combinations = MODELS.flatMap((model) =>
  Object.keys(PRE_TOKENIZERS).flatMap((preTokenizer) =>
    Object.keys(NORMALIZERS).map((normalizer) => [model, preTokenizer, normalizer] as const),
  ),
);

describe("every model type × pre-tokenizer × normalizer", () => {
  it.each(combinations)("%s, %s, %s", async (model, preTokenizer, normalizer) => {
    const original = characterTokenizer(
      model,
      PRE_TOKENIZERS[preTokenizer] as object | null,
      NORMALIZERS[normalizer] as object | null,
    );
    const { tokenizer, added } = await learnPieces({ tokenizer: original, corpus: LINES, count: 12 });
    expect(added).toHaveLength(12);
    for (const line of LINES) {
      const [before, after] = [await original.encode(line), await tokenizer.encode(line)];
      expect(after.length).toBeLessThan(before.length);
      expect(written(tokenizer, after)).toBe(written(original, before));
    }
    const word = (await tokenizer.normalize("Wiese")).endsWith("wiese") ? "wiese" : "Wiese";
    // a pre-tokenizer that drops spaces lets no piece with one through
    const asked = await Promise.all(
      [word, ` ${word}`].map((text) => extendTokenizer(original, { pieces: [text], skipRefused: true })),
    );
    const accepted = asked.filter(({ refused }) => refused.length === 0).length;
    if (`${model}, ${preTokenizer}, ${normalizer}` === ONE_WORD) expect(accepted).toBe(0);
    else expect(accepted).toBeGreaterThan(0);
  });
});
