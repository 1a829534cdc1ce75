/** Weights, configs, plans, and what stands beside a model. */
export const MODEL_KINDS = [
  "safetensors",
  "shards",
  "configs",
  "plans",
  "large-vocabularies",
  "adapters",
  "hypernetworks",
  "sentence-transformers",
  "reports",
];
/** What a vocabulary is read from. */
export const TOKENIZER_KINDS = [
  "tokenizer-json",
  "tokenizer-configs",
  "chat-templates",
  "sentencepiece",
  "tiktoken",
  "tekken",
  "vocab-and-merges",
  "vocab-txt",
];
/** Words, texts and vectors of words. */
export const TEXT_KINDS = ["word-vectors", "dictionaries", "parallel-texts", "texts"];
/** Every kind of file: what `kinds/NAME.mjs` makes mutants of and how they are read. */
export const KINDS = [...MODEL_KINDS, ...TOKENIZER_KINDS, ...TEXT_KINDS];

/**
 * @param name one of {@link KINDS}, or the address of a module that is another
 * @param inputs a folder for what readings need beside the mutants
 * @returns `seeds` are valid but for those that say otherwise; `mutant(random)` makes `{ what, files }` of a stream of random numbers; `read(folder, mutant, random)` reads it as the
 *   commands would and gives the texts that they show
 */
export async function kindOf(name, inputs) {
  const { default: open } = await import(KINDS.includes(name) ? `./kinds/${name}.mjs` : name);
  return open(inputs);
}
