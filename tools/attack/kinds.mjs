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
 * @param inputs a folder for what readings need beside the mutants
 * @returns `mutant(random)` makes `{ what, files }` of a stream of random numbers; `read(folder, mutant, random)` reads it as the
 *   commands would and gives the texts that they show
 */
export async function kindOf(name, inputs) {
  const { default: open } = await import(`./kinds/${name}.mjs`);
  return open(inputs);
}
