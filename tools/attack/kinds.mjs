/** Every kind of file: what `kinds/NAME.mjs` makes mutants of and how they are read. */
export const KINDS = [
  "safetensors",
  "shards",
  "configs",
  "tokenizer-json",
  "tokenizer-configs",
  "chat-templates",
  "sentencepiece",
  "tiktoken",
  "tekken",
  "vocab-and-merges",
  "vocab-txt",
  "plans",
  "word-vectors",
  "dictionaries",
  "parallel-texts",
  "texts",
  "adapters",
  "hypernetworks",
  "sentence-transformers",
  "reports",
];

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
