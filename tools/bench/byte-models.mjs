// What reading and writing byte by byte cost, how near the fast path is to the slow one, and what becomes of prompts that end inside a word.
// The slow path reads every prefix anew, once in whole passes and once token by token: the model's own numbers differ between these two.
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
  const transformer = await openTransformer(checkpoint, { job: { threads: 1 } });
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
  const start = process.cpuUsage();
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
  const prefixes = grown.map(({ prefix }) => prefix);
  const differences = async (slow, others) => {
    const { distributions, passes } = await byteDistributions({ model: slow, tokenizer, prefixes });
    const furthest = distributions.map(({ probabilities }, i) => furthestOf(probabilities, others[i]));
    return {
      furthest: Math.max(...furthest).toExponential(1),
      passes: (passes / prefixes.length).toFixed(2),
    };
  };
  const whole = await differences(
    model,
    grown.map(({ probabilities }) => probabilities),
  );
  const steps = tokenByToken(model);
  const same = await differences(steps, await grownBy(steps, tokenizer, prefixes));
  console.log(
    `  ${grown.length} prefixes: largest difference ${same.furthest} from the model's numbers token by token, ${whole.furthest} from those of whole passes; a byte takes ${(cost.passes / cost.bytes).toFixed(3)} passes of ${(cost.tokens / cost.passes).toFixed(2)} tokens, ${fast.toFixed(1)} ms of processor time (anew: ${whole.passes} passes of whole prefixes)`,
  );
}

/** [257] after each of the prefixes, of a reader that grew from one to the next where it can. */
async function grownBy(model, tokenizer, prefixes) {
  const rows = [];
  let reader;
  let before = [];
  for (const prefix of prefixes) {
    const goesOn = prefix.length === before.length + 1 && before.every((byte, i) => byte === prefix[i]);
    if (goesOn && reader !== undefined) await reader.push(prefix.at(-1));
    else reader = await byteReader({ model, tokenizer, prompt: prefix, tolerance });
    rows.push((await reader.next()).probabilities);
    before = [...prefix];
  }
  return rows;
}

/** A model that reads one token in each pass, whether it continues or is asked anew. */
function tokenByToken(model) {
  /** What was read last: a query often begins as the one before. */
  let read = [];
  const stepTo = async (tokens) => {
    let at = 0;
    while (at < Math.min(read.length, tokens.length) && read[at].token === tokens[at]) at++;
    read = read.slice(0, at);
    for (const token of tokens.slice(at)) {
      const { logits, cache } = await model.continue(Uint32Array.of(token), { cache: read.at(-1)?.cache });
      read.push({ token, logits, cache });
    }
    return read;
  };
  return {
    ...model,
    async continue(tokens, { cache } = {}) {
      let continued = { cache };
      for (const token of tokens) continued = await model.continue(Uint32Array.of(token), continued);
      return continued;
    },
    async distributions(queries, use) {
      for (const [i, { tokens, positions }] of queries.entries()) {
        const steps = await stepTo([...tokens]);
        await use(
          i,
          Float32Array.from([...positions].flatMap((at) => [...logProbabilities(steps[at].logits)])),
        );
      }
    },
  };
}

function logProbabilities(logits) {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0);
  return logits.map((logit) => logit - largest - Math.log(sum));
}

function furthestOf(some, others) {
  return some.reduce((most, share, value) => Math.max(most, Math.abs(share - others[value])), 0);
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
    const cost = { passes: 0, bytes: 0 };
    let same = 0;
    let words = 0;
    for (const { prompt, rest } of prompts) {
      const written = await finish(opened, prompt, cost);
      const [letters] = written.match(/^[a-z]*/);
      if (letters === rest && letters.length < written.length) same++;
      if (known.has(prompt.match(/[a-z]+$/)[0] + letters)) words++;
    }
    console.log(
      `  ${name}: of ${prompts.length} prompts that end inside a word ${same} go on as the text does, ${words} with a word of the held-out text; ${(cost.passes / cost.bytes).toFixed(2)} passes for each byte written`,
    );
  }
}

async function byTokens(opened, prompt, cost) {
  return greedily(opened, [...(await opened.tokenizer.encode(prompt))], undefined, cost);
}

/** The last token of the prompt is taken back, and the first that is written must begin with its bytes. */
async function byHealing(opened, prompt, cost) {
  const ids = [...(await opened.tokenizer.encode(prompt))];
  const last = Buffer.from(opened.tokenizer.vocabulary.bytesOf(ids.pop()));
  return (await greedily(opened, ids, last, cost)).slice(last.toString().length);
}

async function greedily({ model, tokenizer }, ids, begun, cost) {
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
  cost.passes += WRITTEN_TOKENS;
  cost.bytes += bytes.length - (begun?.length ?? 0);
  return Buffer.from(bytes).toString();
}

async function byBytes({ model, tokenizer }, text, cost) {
  const prompt = new TextEncoder().encode(text);
  const reader = await byteReader({ model, tokenizer, prompt, tolerance });
  const { bytes } = await writeBytes({ reader, prompt, maxBytes: WRITTEN_BYTES });
  cost.passes += reader.cost.passes;
  cost.bytes += bytes.length;
  return Buffer.from(bytes).toString();
}

/** Milliseconds since `start`, on all cores. */
function processorTime(start) {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
