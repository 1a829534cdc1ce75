import { isChatTemplateFile } from "./chat-templates.ts";

/** Files that write the vocabulary of a tokenizer.json once more, each as some other program reads it. */
export const OTHER_WRITINGS: readonly string[] = [
  "added_tokens.json",
  "vocab.json",
  "merges.txt",
  "encoder.json",
  "vocab.bpe",
  "vocab.txt",
  "tiktoken.model",
  "qwen.tiktoken",
  "r50k_base.tiktoken",
  "p50k_base.tiktoken",
  "cl100k_base.tiktoken",
  "o200k_base.tiktoken",
  "tokenizer.model",
  "tokenizer.model.v3",
  "spiece.model",
  "sentencepiece.model",
  "sentencepiece.bpe.model",
  "spm.model",
  "source.spm",
  "target.spm",
  "tekken.json",
  "bpe.codes",
  "dict.txt",
];

/**
 * Every file name that belongs to a tokenizer. A model whose tokenizer is replaced loses all of them, as a stale
 * vocab.json or tokenizer.model would win over the new tokenizer.json in some loader.
 */
export const TOKENIZER_FILES: readonly string[] = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "chat_template.jinja",
  "chat_template.json",
  ...OTHER_WRITINGS,
];

/** Whether a file of a folder is a tokenizer's: one of {@link TOKENIZER_FILES}, ranks of tiktoken, or a chat template. */
export function isTokenizerFile(path: string): boolean {
  const isRanks = path.endsWith(".tiktoken") && !path.includes("/");
  return TOKENIZER_FILES.includes(path) || isRanks || isChatTemplateFile(path);
}
