// What reading and writing byte by byte cost, how near the fast path is to the slow one, and what becomes of prompts that end inside a word.
// usage: node tools/bench/byte-models.mjs --text FILE [--skip-documents 1350] [--prefixes 500] [--prompts 200] [--tolerance 1e-7] MODEL…
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { byteReader, writeBytes } from "../../packages/byte-models/dist/index.js";
import { openCheckpoint } from "../../packages/checkpoint/dist/index.js";
import { byteDistributions } from "../../packages/evaluation/dist/index.js";
import { splitDocuments } from "../../packages/files/dist/index.js";
import { languageModel, openTransformer } from "../../packages/transformer-runtime/dist/index.js";
import { frameTokens, loadTokenizer } from "../../packages/vocabulary/dist/index.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    text: { type: "string" },
    "skip-documents": { type: "string", default: "1350" },
    prefixes: { type: "string", default: "500" },
    prompts: { type: "string", default: "200" },
    tolerance: { type: "string", default: "1e-7" },
  },
});
if (!values.text || positionals.length === 0) {
  console.error("usage: node tools/bench/byte-models.mjs --text FILE [--skip-documents 1350] MODEL…");
  process.exit(2);
}
const documents = splitDocuments(readFileSync(values.text, "utf8"), "endoftext").slice(
  Number(values["skip-documents"]),
);
const STRETCH = 25;
const WRITTEN_TOKENS = 8;
const WRITTEN_BYTES = 20;
const tolerance = Number(values.tolerance);

for (const folder of positionals) {
  const checkpoint = await openCheckpoint(folder);
  const transformer = await openTransformer(checkpoint);
  const tokenizer = await loadTokenizer(folder);
  const opened = { model: languageModel(transformer), tokenizer };
  console.log(`${folder}: ${tokenizer.vocabulary.size} tokens, ${tokenizer.family}`);
  if (Number(values.prefixes) > 0) await comparePaths(opened, Number(values.prefixes));
  if (Number(values.prompts) > 0) await finishWords(opened, promptsInsideWords(Number(values.prompts)));
  for (const each of [opened.model, transformer, checkpoint]) await each.close();
}

/** P(next byte) after stretches of 25 prefixes each, grown byte by byte and read anew. */
async function comparePaths({ model, tokenizer }, count) {
  const grown = [];
  const cost = { bytes: 0, passes: 0, tokens: 0 };
  let start = process.cpuUsage();
  for (let i = 0; grown.length < count; i++) {
    const bytes = new TextEncoder().encode(documents[i % documents.length]);
    const from = 1 + ((i * 37) % Math.max(1, Math.min(300, bytes.length - STRETCH - 1)));
    const reader = await byteReader({ model, tokenizer, prompt: bytes.slice(0, from), tolerance });
    await reader.next();
    const opening = { ...reader.cost };
    for (let end = from; end < Math.min(from + STRETCH, bytes.length) && grown.length < count; end++) {
      grown.push({ prefix: bytes.slice(0, end), probabilities: (await reader.next()).probabilities });
      await reader.push(bytes[end]);
    }
    await reader.next();
    cost.bytes += STRETCH;
    for (const what of ["passes", "tokens"]) cost[what] += reader.cost[what] - opening[what];
  }
  const fast = processorTime(start) / grown.length;
  start = process.cpuUsage();
  const prefixes = grown.map(({ prefix }) => prefix);
  const { distributions, passes } = await byteDistributions({ model, tokenizer, prefixes });
  const slow = processorTime(start) / grown.length;
  const furthest = distributions.map(({ probabilities }, i) =>
    probabilities.reduce(
      (most, share, value) => Math.max(most, Math.abs(share - grown[i].probabilities[value])),
      0,
    ),
  );
  console.log(
    `  ${grown.length} prefixes: largest difference ${Math.max(...furthest).toExponential(1)}; a byte takes ${(cost.passes / cost.bytes).toFixed(3)} passes of ${(cost.tokens / cost.passes).toFixed(2)} tokens and ${fast.toFixed(1)} ms of processor time (anew: ${(passes / grown.length).toFixed(2)} passes of whole prefixes, ${slow.toFixed(1)} ms)`,
  );
}

/** Prompts that end inside a word of at least four letters, with the rest of the word. */
function promptsInsideWords(count) {
  const prompts = [];
  for (let i = 0; prompts.length < count; i++) {
    const document = documents[i % documents.length];
    const words = [...document.slice(0, 600).matchAll(/(?<= )[a-z]{4,}(?=[ .,!?])/g)];
    const word = words[(i * 31 + 7) % Math.max(1, words.length)];
    if (word === undefined || word.index < 80) continue;
    const kept = 1 + ((i * 7) % (word[0].length - 1));
    prompts.push({ prompt: document.slice(0, word.index + kept), rest: word[0].slice(kept) });
  }
  return prompts;
}

/** How often the word of the text, and any word of the text, comes out, always by what is most probable. */
async function finishWords(opened, prompts) {
  const known = new Set(documents.join(" ").match(/[a-z]+/g));
  for (const [name, finish] of Object.entries({ tokens: byTokens, healed: byHealing, bytes: byBytes })) {
    let same = 0;
    let words = 0;
    for (const { prompt, rest } of prompts) {
      const written = await finish(opened, prompt);
      const [letters] = written.match(/^[a-z]*/);
      if (letters === rest && letters.length < written.length) same++;
      if (known.has(prompt.match(/[a-z]+$/)[0] + letters)) words++;
    }
    console.log(
      `  ${name}: of ${prompts.length} prompts that end inside a word ${same} go on as the text does, ${words} with a word of the held-out text`,
    );
  }
}

async function byTokens(opened, prompt) {
  return greedily(opened, [...(await opened.tokenizer.encode(prompt))], undefined);
}

/** The last token of the prompt is taken back, and the first that is written must begin with its bytes. */
async function byHealing(opened, prompt) {
  const ids = [...(await opened.tokenizer.encode(prompt))];
  const last = Buffer.from(opened.tokenizer.vocabulary.bytesOf(ids.pop()));
  return (await greedily(opened, ids, last)).slice(last.toString().length);
}

async function greedily({ model, tokenizer }, ids, begun) {
  const { vocabulary, frame } = tokenizer;
  const before = frame === undefined ? [] : frameTokens(frame).before;
  let { logits, cache } = await model.continue(Uint32Array.from([...before, ...ids]));
  const bytes = [];
  for (let i = 0; i < WRITTEN_TOKENS; i++) {
    let best = -1;
    for (let id = 0; id < vocabulary.size; id++) {
      if (!/^(text|byte)$/.test(vocabulary.kindOf(id))) continue;
      const own = Buffer.from(vocabulary.bytesOf(id));
      if (i === 0 && begun !== undefined && !own.subarray(0, begun.length).equals(begun)) continue;
      if (best < 0 || logits[id] > logits[best]) best = id;
    }
    bytes.push(...vocabulary.bytesOf(best));
    ({ logits, cache } = await model.continue(Uint32Array.of(best), { cache }));
  }
  return Buffer.from(bytes).toString();
}

async function byBytes({ model, tokenizer }, text) {
  const prompt = new TextEncoder().encode(text);
  const reader = await byteReader({ model, tokenizer, prompt, tolerance });
  const { bytes } = await writeBytes({ reader, prompt, maxBytes: WRITTEN_BYTES });
  return Buffer.from(bytes).toString();
}

/** Milliseconds since `start`, on all cores. */
function processorTime(start) {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
