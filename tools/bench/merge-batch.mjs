// Merges of a batch of texts, by where tokens may be joined; processor time. That these are the merges of the plain algorithm, the tests say.
// usage: node tools/bench/merge-batch.mjs [--tokens 1000000] [--merges 1000] --text FILE [--text FILE] TOKENIZER
import { parseArgs } from "node:util";
import {
  BOUNDARIES,
  mergeApplier,
  mergeBatch,
  segmentText,
} from "../../packages/dynamic-tokenization/dist/index.js";
import { readText } from "../../packages/files/dist/index.js";
import { loadTokenizer } from "../../packages/vocabulary/dist/index.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    text: { type: "string", multiple: true },
    tokens: { type: "string", default: "1000000" },
    merges: { type: "string", default: "1000" },
  },
});
const [name] = positionals;
if (values.text === undefined || name === undefined) {
  console.error(
    "usage: node tools/bench/merge-batch.mjs [--tokens 1000000] [--merges 1000] --text FILE [--text FILE] TOKENIZER",
  );
  process.exit(2);
}
const merges = Number(values.merges);
const tokenizer = await loadTokenizer(name);
const { vocabulary } = tokenizer;
const texts = await Promise.all(values.text.map((path) => readText(path, { maxBytes: 1e8 })));
const documents = texts.flatMap((text) => text.documents);

for (const boundaries of BOUNDARIES) {
  const segmented = await Promise.all(documents.map((text) => segmentText(tokenizer, text, boundaries)));
  const batch = firstTokens(segmented, Number(values.tokens));
  const learned = timed(() => mergeBatch(batch, { vocabulary, until: (count) => count === merges }));
  const { lengths } = learned.result;
  const applied = timed(() => batch.map(mergeApplier(learned.result)));
  const written = applied.result.reduce((sum, { length }) => sum + length, 0);
  if (written !== lengths.at(-1))
    throw new Error(`${written} tokens were written, ${lengths.at(-1)} learned`);
  console.log(
    `${boundaries}: ${lengths.length - 1} merges of ${lengths[0]} tokens leave ${written}: ${learned.seconds.toFixed(1)} s, and ${applied.seconds.toFixed(1)} s to write the texts in them`,
  );
}

/** The first texts, with so many tokens in all where there are enough. */
function firstTokens(all, tokens) {
  const chosen = [];
  let left = tokens;
  for (const { ids, starts } of all) {
    if (left === 0) break;
    const count = Math.min(ids.length, left);
    chosen.push({ ids: ids.subarray(0, count), starts: starts.subarray(0, count) });
    left -= count;
  }
  return chosen;
}

function timed(work) {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { result, seconds: (user + system) / 1e6 };
}
