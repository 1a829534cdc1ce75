/** One tokenizer.json of each model and notation, of about 300 entries: small enough to be read 2,000 times. */
export function smallTokenizers() {
  return {
    "byte-level": document({
      added_tokens: [added(0, "<|endoftext|>")],
      pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: bpe(
        ["<|endoftext|>", ...byteCharacters()],
        [
          ["Ġ", "t"],
          ["h", "e"],
          ["Ġt", "he"],
          ["i", "n"],
          ["Ġ", "a"],
          ["Ã", "¤"],
        ],
      ),
    }),
    metaspace: document({
      added_tokens: SPECIALS.map((content, id) => added(id, content)),
      normalizer: {
        type: "Sequence",
        normalizers: [
          { type: "Prepend", prepend: "▁" },
          { type: "Replace", pattern: { String: " " }, content: "▁" },
        ],
      },
      post_processor: templateOf("<s>", 1),
      decoder: {
        type: "Sequence",
        decoders: [
          { type: "Replace", pattern: { String: "▁" }, content: " " },
          { type: "ByteFallback" },
          { type: "Fuse" },
          { type: "Strip", content: " ", start: 1, stop: 0 },
        ],
      },
      model: {
        ...bpe(
          [...SPECIALS, ...byteTokens(), "▁", ...LETTERS],
          [
            ["▁", "t"],
            ["h", "e"],
            ["▁t", "he"],
            ["i", "n"],
          ],
        ),
        unk_token: "<unk>",
        fuse_unk: true,
        byte_fallback: true,
      },
    }),
    unigram: document({
      added_tokens: SPECIALS.map((content, id) => added(id, content)),
      normalizer: {
        type: "Sequence",
        normalizers: [
          { type: "Nmt" },
          { type: "NFKC" },
          { type: "Replace", pattern: { Regex: " {2,}" }, content: " " },
        ],
      },
      pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
      post_processor: templateOf("</s>", 2),
      decoder: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
      model: {
        type: "Unigram",
        unk_id: 0,
        byte_fallback: false,
        vocab: [
          ...SPECIALS.map((token) => [token, 0]),
          ...["▁", ...LETTERS, "▁the", "▁a", "in", "he"].map((token, place) => [token, -1 - place / 8]),
        ],
      },
    }),
    wordpiece: document({
      added_tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].map((content, id) => added(id, content)),
      normalizer: {
        type: "BertNormalizer",
        clean_text: true,
        handle_chinese_chars: true,
        strip_accents: null,
        lowercase: true,
      },
      pre_tokenizer: { type: "BertPreTokenizer" },
      post_processor: { type: "BertProcessing", sep: ["[SEP]", 3], cls: ["[CLS]", 2] },
      decoder: { type: "WordPiece", prefix: "##", cleanup: true },
      model: {
        type: "WordPiece",
        unk_token: "[UNK]",
        continuing_subword_prefix: "##",
        max_input_chars_per_word: 100,
        vocab: numbered([
          "[PAD]",
          "[UNK]",
          "[CLS]",
          "[SEP]",
          "[MASK]",
          ...LETTERS,
          ...LETTERS.map((letter) => `##${letter}`),
          "the",
          "##ing",
        ]),
      },
    }),
    wordlevel: document({
      added_tokens: [added(0, "<unk>")],
      pre_tokenizer: { type: "Whitespace" },
      model: {
        type: "WordLevel",
        unk_token: "<unk>",
        vocab: numbered(["<unk>", "the", "a", "in", "story", "ä", "!"]),
      },
    }),
  };
}

const SPECIALS = ["<unk>", "<s>", "</s>"];
const LETTERS = [..."abcdefghijklmnopqrstuvwxyzäé語0123456789.,!"];

export function added(id, content) {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

function document(parts) {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    ...parts,
  };
}

function bpe(tokens, merges) {
  return {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: numbered([...tokens, ...merges.map((pair) => pair.join(""))]),
    merges,
  };
}

function templateOf(token, id) {
  return {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: token, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    pair: [
      { SpecialToken: { id: token, type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
      { Sequence: { id: "B", type_id: 1 } },
    ],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}

function numbered(tokens) {
  return Object.fromEntries(tokens.map((token, id) => [token, id]));
}

function byteTokens() {
  return Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
}

/** GPT-2 writes the printable bytes as themselves, the others from U+0100 on. */
export function byteCharacters() {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCharCode(isPrintable ? byte : next++);
  });
}
