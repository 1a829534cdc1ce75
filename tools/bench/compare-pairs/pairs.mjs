/**
 * The texts: what is scored, and what stays for evidence. `part` says how the two are parted (see evidence.mjs); with `parallel` the
 * text is line by line a translation of that English one.
 */
export const TEXTS = {
  stories: { file: "tinystories.txt", part: { stories: 81 }, split: "endoftext", terms: true },
  shakespeare: { file: "shakespeare.txt", part: { bytes: 60_000, from: 61_999 }, split: "none" },
  german: {
    file: "multi30k.de.txt",
    part: { lines: 60_000, from: 60_500 },
    split: "none",
    parallel: "multi30k.en.txt",
    dictionary: "english-german.txt",
  },
  swahili: {
    file: "en-sw.sw.txt",
    part: { lines: 60_000, from: 60_500 },
    split: "none",
    parallel: "en-sw.en.txt",
    dictionary: "english-swahili.txt",
  },
};

/** The quick ones first. */
export const PAIRS = [
  pair("stories260k", "tinystories-bpe-1024", "stories"),
  pair("stories260k", "sentencepiece/en-1000.model", "stories"),
  pair("stories260k", "sentencepiece/tinystories-4000.model", "stories"),
  pair("shakespeare-char", "tinystories-bpe-1024", "shakespeare"),
  pair("stories260k", "llama-2", "stories"),
  pair("stories260k", "gpt2", "stories"),
  pair("shakespeare-char", "gpt2", "shakespeare"),
  pair("stories260k", "de-bpe-50k", "german"),
  pair("stories260k", "de-unigram-50k", "german"),
  pair("stories260k", "sw-unigram-50k", "swahili"),
];

/** stories260k has one table for both sides, and gets a head of its own. */
function pair(model, tokenizer, text) {
  const name = `${model}/${tokenizer
    .split("/")
    .at(-1)
    .replace(/\.model$/, "")}`;
  return { name, model, tokenizer, text, split: TEXTS[text].split, untie: model === "stories260k" };
}
