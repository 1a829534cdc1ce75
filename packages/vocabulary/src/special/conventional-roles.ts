import type { SpecialRole } from "@revocab/core";

/**
 * What specials are called by custom, asked only when no file of the tokenizer declares a role: the first string of a
 * role that the tokenizer has is it. `<|endoftext|>` is bos, eos and unk where nothing better is there, as
 * GPT2Tokenizer has it.
 */
export const CONVENTIONAL_ROLES: Readonly<Record<SpecialRole, readonly string[]>> = {
  bos: ["<s>", "<bos>", "[BOS]", "<|begin_of_text|>", "<|startoftext|>", "<|endoftext|>"],
  eos: ["</s>", "<eos>", "[EOS]", "<|end_of_text|>", "<|endoftext|>"],
  pad: ["<pad>", "[PAD]", "<|pad|>"],
  unk: ["<unk>", "[UNK]", "<|unk|>", "<|endoftext|>"],
  mask: ["<mask>", "[MASK]"],
  sep: ["<sep>", "[SEP]"],
  cls: ["<cls>", "[CLS]"],
};
