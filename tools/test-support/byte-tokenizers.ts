import { type Tokenizer, tokenizerFromFiles } from "@revocab/vocabulary";

/** A BPE over single characters: merges are pairs of pieces, their results join the vocabulary. No special but these two. */
export function plainBpe(characters: string, merges: readonly string[]): Tokenizer {
  return bpe([...characters], merges, { decoder: { type: "Fuse" } });
}

/**
 * GPT-2's way: bytes in its alphabet (Ġ a space, Ċ a line feed), texts cut by its pattern first.
 * @param whole pieces that no merge makes, taken before any merging (Llama 3's way)
 * @param marks special tokens beside `<s>` and `</s>`
 */
export function gpt2Bpe(
  characters: string,
  merges: readonly string[],
  whole: readonly string[] = [],
  marks: readonly string[] = [],
): Tokenizer {
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  return bpe([...characters, ...whole], merges, {
    marks,
    ignoresMerges: whole.length > 0,
    pre_tokenizer: byteLevel,
    decoder: byteLevel,
  });
}

/** Llama 2's way: ▁ for a space, one put first, and bytes for the characters that have no piece. */
export function sentencePieceBpe(
  characters: string,
  bytes: readonly number[],
  merges: readonly string[],
  marks: readonly string[] = [],
): Tokenizer {
  const byteTokens = bytes.map((byte) => `<0x${byte.toString(16).toUpperCase()}>`);
  return bpe(["<unk>", ...byteTokens, ...characters], merges, {
    unknown: "<unk>",
    marks,
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
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
}

function bpe(
  pieces: readonly string[],
  merges: readonly string[],
  {
    unknown,
    marks = [],
    ignoresMerges = false,
    ...around
  }: {
    readonly unknown?: string;
    readonly marks?: readonly string[];
    readonly ignoresMerges?: boolean;
    readonly normalizer?: object;
    readonly pre_tokenizer?: object;
    readonly decoder: object;
  },
): Tokenizer {
  const specials = ["<s>", "</s>"];
  const all = [...specials, ...pieces, ...merges.map((merge) => merge.replace(" ", "")), ...marks];
  const json = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [...specials, ...marks, ...(unknown === undefined ? [] : [unknown])].map((content) => ({
      id: all.indexOf(content),
      content,
      special: true,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
    })),
    normalizer: null,
    pre_tokenizer: null,
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
      special_tokens: { "<s>": { id: "<s>", ids: [0], tokens: ["<s>"] } },
    },
    ...around,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: unknown ?? null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: unknown !== undefined,
      ignore_merges: ignoresMerges,
      vocab: Object.fromEntries(all.map((piece, id) => [piece, id])),
      merges,
    },
  };
  const config = { bos_token: "<s>", eos_token: "</s>" };
  return tokenizerFromFiles(
    new Map(
      Object.entries({ "tokenizer.json": json, "tokenizer_config.json": config }).map(([name, value]) => [
        name,
        new TextEncoder().encode(JSON.stringify(value)),
      ]),
    ),
    "hand-made",
  );
}
