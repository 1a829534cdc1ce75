// Loading and aligning real vocabularies: the first tokenizer with each of the others.
// usage: node tools/bench/align.mjs TOKENIZER OTHER [OTHER …]
import { performance } from "node:perf_hooks";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { loadTokenizer } from "@revocab/vocabulary";

const [first, ...others] = process.argv.slice(2);
if (!first || others.length === 0) {
  console.error("usage: node tools/bench/align.mjs TOKENIZER OTHER [OTHER …]");
  process.exit(2);
}
const start = performance.now();
const lap = (what, from) => console.log(`${((performance.now() - from) / 1000).toFixed(2)} s  ${what}`);
const load = async (path) => {
  const from = performance.now();
  const { vocabulary } = await loadTokenizer(path);
  lap(`load ${path} (${vocabulary.size} tokens)`, from);
  return vocabulary;
};
const target = await load(first);
for (const path of others) {
  const source = await load(path);
  const from = performance.now();
  const { counts } = alignVocabularies({ source, target });
  lap(`align: ${counts.shared} shared, ${counts.spelled} spelled, ${counts.byteOnly} in bytes`, from);
}
lap("in all", start);
