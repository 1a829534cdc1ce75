/**
 * Writes a fastText model as revocab does, with the vectors that revocab reads from it, for fasttext-fixtures.py --check.
 *
 *     node tools/oracle/fasttext-written.mjs OUT
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readFastText, writeFastText } from "../../packages/word-vectors/dist/index.js";

const UNSEEN = [
  "Hunde",
  "Hündchen",
  "ü",
  "猫狗街上跑",
  "🐱🐶",
  "👩‍👩‍👧",
  "a",
  "don't",
  "cafe\u0301",
  "<",
  "<>",
  "\u00a0x",
];

const [out] = process.argv.slice(2);
await mkdir(out, { recursive: true });

const words = ["</s>", "Hund", "über", "街上", "🐶", "the", "a b", "x"];
const counts = Float64Array.from(words, (_, i) => 2 ** 33 - i);
const [dimension, buckets] = [7, 41];
const model = {
  arguments: {
    model: "skipgram",
    loss: "negative-sampling",
    dimension,
    window: 5,
    epochs: 3,
    minCount: 1,
    negatives: 4,
    wordNgrams: 1,
    buckets,
    minN: 1,
    maxN: 5,
    learningRateUpdateRate: 100,
    samplingThreshold: 1e-4,
  },
  dictionary: { words, counts, tokenCount: 2 ** 40 },
  input: Float32Array.from({ length: (words.length + buckets) * dimension }, (_, i) => Math.sin(i * i)),
  output: Float32Array.from({ length: words.length * dimension }, (_, i) => Math.cos(i * i)),
};
await writeFastText(join(out, "written.bin"), model);

const read = await readFastText(join(out, "written.bin"));
const vectors = Object.fromEntries([...words, ...UNSEEN].map((word) => [word, [...read.vectorOf(word)]]));
await writeFile(
  join(out, "written.json"),
  JSON.stringify({ words: read.words, counts: [...read.counts], vectors }),
);
