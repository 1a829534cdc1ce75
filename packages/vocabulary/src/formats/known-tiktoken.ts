/** A published tiktoken file, with what is not in the file itself. */
export interface KnownTiktoken {
  readonly name: string;
  /** Of the file, if known. */
  readonly sha256?: string;
  /** The name under which it is published, if no other file has that name. */
  readonly fileName?: string;
  /** How many tokens the file has, if that decides the ids of its specials. */
  readonly size?: number;
  /** The published pattern that splits a text into words, in the syntax of the tokenizers library. */
  readonly pattern: string;
  readonly normalizer?: object;
  /** Special tokens with their ids. */
  readonly specials: Readonly<Record<string, number>>;
  readonly roles: Readonly<Record<string, string>>;
  /** For what else the same file is used. */
  readonly note?: string;
}

const GPT2 = String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

/**
 * tiktoken's own pattern has possessive quantifiers and `$`. The tokenizers library would read `{1,3}+` as another repetition,
 * and `$` also as the end of a line. White space at the end of a text is one word.
 */
const CL100K = String.raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+\z|\s*[\r\n]|\s+(?!\S)|\s`;

const O200K = [
  String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?`,
  String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?`,
  String.raw`\p{N}{1,3}`,
  String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*`,
  String.raw`\s*[\r\n]+`,
  String.raw`\s+(?!\S)`,
  String.raw`\s+`,
].join("|");

/** Llama 3's pattern, which the reference library uses for every tiktoken file. */
export const LLAMA3_PATTERN = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

const QWEN = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

const END = "<|endoftext|>";
const FROM_CONFIG = "if the model has others, list them in added_tokens_decoder of tokenizer_config.json";

/** OpenAI's as in its package tiktoken 0.14, Llama 3's and Qwen's as in the code published with the models. */
export const KNOWN_TIKTOKEN: readonly KnownTiktoken[] = [
  {
    name: "r50k_base",
    sha256: "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
    fileName: "r50k_base.tiktoken",
    pattern: GPT2,
    specials: { [END]: 50256 },
    roles: { bos_token: END, eos_token: END },
  },
  {
    name: "p50k_base",
    sha256: "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
    fileName: "p50k_base.tiktoken",
    pattern: GPT2,
    specials: { [END]: 50256 },
    roles: { bos_token: END, eos_token: END },
    note: `special tokens are p50k_base's, p50k_edit has three more: ${FROM_CONFIG}`,
  },
  {
    name: "cl100k_base",
    sha256: "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    fileName: "cl100k_base.tiktoken",
    pattern: CL100K,
    specials: {
      [END]: 100257,
      "<|fim_prefix|>": 100258,
      "<|fim_middle|>": 100259,
      "<|fim_suffix|>": 100260,
      "<|endofprompt|>": 100276,
    },
    roles: { bos_token: END, eos_token: END },
  },
  {
    name: "o200k_base",
    sha256: "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    fileName: "o200k_base.tiktoken",
    pattern: O200K,
    specials: { [END]: 199999, "<|endofprompt|>": 200018 },
    roles: { bos_token: END, eos_token: END },
    note: `special tokens are o200k_base's, o200k_harmony has more: ${FROM_CONFIG}`,
  },
  {
    name: "Llama 3",
    sha256: "82e9d31979e92ab929cd544440f129d9ecd797b69e327f80f17e1c50d5551b55",
    size: 128_000,
    pattern: LLAMA3_PATTERN,
    specials: numbered(128_000, [
      "<|begin_of_text|>",
      "<|end_of_text|>",
      ...reserved(0, 4),
      "<|start_header_id|>",
      "<|end_header_id|>",
      ...reserved(4, 5),
      "<|eot_id|>",
      ...reserved(5, 251),
    ]),
    roles: { bos_token: "<|begin_of_text|>", eos_token: "<|end_of_text|>" },
    note: `special tokens have Llama 3's names, Llama 3.1 and later name some reserved ones: ${FROM_CONFIG}`,
  },
  {
    name: "Qwen",
    fileName: "qwen.tiktoken",
    size: 151_643,
    pattern: QWEN,
    normalizer: { type: "NFC" },
    specials: numbered(151_643, [
      END,
      "<|im_start|>",
      "<|im_end|>",
      ...Array.from({ length: 205 }, (_, index) => `<|extra_${index}|>`),
    ]),
    roles: { eos_token: END },
  },
];

function reserved(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `<|reserved_special_token_${from + index}|>`);
}

function numbered(first: number, tokens: readonly string[]): Record<string, number> {
  return Object.fromEntries(tokens.map((token, index) => [token, first + index]));
}
