import type { TokenizerToWrite } from "./write-tokenizer.ts";

type Part = Pick<TokenizerToWrite, "specials" | "roles">;

export interface ArchitectureCase {
  /** Ids of the model's own tokenizer: its rows, or fewer where the model is padded. */
  readonly size: number;
  readonly source: Part;
  /** What the target has besides or instead of {@link TARGET}. */
  readonly target?: Readonly<Record<string, number>>;
  /** All that changes in config.json; keys of nested configs joined by dots. */
  readonly config: Readonly<Record<string, number>>;
}

const LLAMA: Part = {
  specials: { "<unk>": 0, "<s>": 1, "</s>": 2 },
  roles: { unk: "<unk>", bos: "<s>", eos: "</s>" },
};
const GEMMA: Part = {
  specials: { "<pad>": 0, "<eos>": 1, "<bos>": 2 },
  roles: { pad: "<pad>", eos: "<eos>", bos: "<bos>" },
};
const NEOX = (id: number): Part => ({
  specials: { "<|endoftext|>": id },
  roles: { bos: "<|endoftext|>", eos: "<|endoftext|>" },
});
const T5: Part = {
  specials: { "<pad>": 0, "</s>": 1, "<unk>": 2 },
  roles: { pad: "<pad>", eos: "</s>", unk: "<unk>" },
};
const ROBERTA: Part = {
  specials: { "<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3 },
  roles: { bos: "<s>", cls: "<s>", pad: "<pad>", eos: "</s>", sep: "</s>", unk: "<unk>" },
};

export const TARGET_SIZE = 48;
/** Ids that no source has for these roles, so that nothing is right by not having changed. */
export const TARGET = { "<s>": 5, "</s>": 6, "<pad>": 7, "<unk>": 8 };
const FOLLOWED = { vocab_size: TARGET_SIZE, bos_token_id: 5, eos_token_id: 6, pad_token_id: 7 };
const NESTED = {
  "text_config.vocab_size": TARGET_SIZE,
  "text_config.bos_token_id": 5,
  "text_config.eos_token_id": 6,
  "text_config.pad_token_id": 7,
};
const T5_FOLLOWED = { vocab_size: TARGET_SIZE, eos_token_id: 6, pad_token_id: 7, decoder_start_token_id: 7 };
/** The pad id of these is the origin of their positions: it must stay. */
const ROBERTA_FOLLOWED = { vocab_size: TARGET_SIZE, bos_token_id: 5, eos_token_id: 6 };

/** Every fixture model of `packages/checkpoint`, with the tokenizer its config speaks of. */
export const CASES: Readonly<Record<string, ArchitectureCase>> = {
  bart: {
    size: 46,
    source: ROBERTA,
    config: { ...FOLLOWED, decoder_start_token_id: 6, forced_eos_token_id: 6 },
  },
  bert: {
    size: 59,
    source: {
      specials: { "[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4 },
      roles: { pad: "[PAD]", unk: "[UNK]", cls: "[CLS]", sep: "[SEP]", mask: "[MASK]" },
    },
    config: FOLLOWED,
  },
  "collision-llama": { size: 16, source: LLAMA, config: FOLLOWED },
  "deberta-v3": {
    size: 58,
    source: {
      specials: { "[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4 },
      roles: { pad: "[PAD]", unk: "[UNK]", cls: "[CLS]", sep: "[SEP]", mask: "[MASK]" },
    },
    config: FOLLOWED,
  },
  gemma: { size: 53, source: GEMMA, config: FOLLOWED },
  gemma3: {
    size: 52,
    source: {
      ...GEMMA,
      specials: { ...GEMMA.specials, "<start_of_image>": 49, "<end_of_image>": 50, "<image_soft_token>": 51 },
    },
    target: { "<start_of_image>": 30, "<end_of_image>": 31, "<image_soft_token>": 32 },
    config: { ...NESTED, boi_token_index: 30, eoi_token_index: 31, image_token_index: 32 },
  },
  "gemma3n-text": {
    size: 57,
    source: GEMMA,
    config: { ...FOLLOWED, vocab_size_per_layer_input: TARGET_SIZE },
  },
  "gpt-neox": { size: 49, source: NEOX(0), config: FOLLOWED },
  gpt2: { size: 55, source: NEOX(54), config: FOLLOWED },
  "llama-base": { size: 44, source: LLAMA, config: FOLLOWED },
  "llama-sharded": { size: 47, source: LLAMA, config: FOLLOWED },
  "llama-tied": { size: 45, source: LLAMA, config: FOLLOWED },
  "llama-untied": { size: 43, source: LLAMA, config: FOLLOWED },
  llava: {
    size: 41,
    source: { ...LLAMA, specials: { ...LLAMA.specials, "<image>": 40 } },
    target: { "<image>": 20 },
    config: { ...NESTED, image_token_index: 20 },
  },
  mistral: { size: 51, source: LLAMA, config: FOLLOWED },
  "qwen2-padded": { size: 59, source: LLAMA, config: FOLLOWED },
  "qwen2-vl": {
    size: 54,
    source: {
      ...LLAMA,
      specials: {
        ...LLAMA.specials,
        "<|vision_start|>": 50,
        "<|vision_end|>": 51,
        "<|video_pad|>": 52,
        "<|image_pad|>": 53,
      },
    },
    target: { "<|vision_start|>": 20, "<|vision_end|>": 21, "<|video_pad|>": 22, "<|image_pad|>": 23 },
    config: {
      ...NESTED,
      vision_start_token_id: 20,
      vision_end_token_id: 21,
      video_token_id: 22,
      image_token_id: 23,
    },
  },
  roberta: {
    size: 61,
    source: ROBERTA,
    target: { "<pad>": 1 },
    config: ROBERTA_FOLLOWED,
  },
  t5: { size: 37, source: T5, config: T5_FOLLOWED },
  "t5-untied": {
    size: 39,
    source: T5,
    config: T5_FOLLOWED,
  },
  t5gemma: {
    size: 50,
    source: GEMMA,
    config: Object.fromEntries(
      ["", "encoder.", "decoder."].flatMap((part) =>
        Object.entries(FOLLOWED).map(([key, value]) => [`${part}${key}`, value]),
      ),
    ),
  },
  "xlm-roberta": {
    size: 63,
    source: ROBERTA,
    target: { "<pad>": 1 },
    config: ROBERTA_FOLLOWED,
  },
};
