import { isChatTemplateFile } from "./chat-templates.ts";

/** Files that hold the vocabulary in the format of another program. */
export const OTHER_VOCABULARY_FILES: readonly string[] = [
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
 * Every file name that belongs to a tokenizer. When a model's tokenizer is replaced, all of them are: some loaders prefer a
 * stale vocab.json or tokenizer.model to the new tokenizer.json.
 */
export const TOKENIZER_FILES: readonly string[] = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "chat_template.jinja",
  "chat_template.json",
  ...OTHER_VOCABULARY_FILES,
];

/** Whether a file of a folder belongs to its tokenizer: one of {@link TOKENIZER_FILES}, a tiktoken file, or a chat template. */
export function isTokenizerFile(path: string): boolean {
  const isRanks = path.endsWith(".tiktoken") && !path.includes("/");
  return TOKENIZER_FILES.includes(path) || isRanks || isChatTemplateFile(path);
}
