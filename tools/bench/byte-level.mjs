// What byte-level probabilities cost beside the model: the time to know what may follow a new context, and a whole text.
// usage: node tools/bench/byte-level.mjs --text FILE [--bytes 150] [--contexts 100] [--asked 5] [--prefixes 6] TOKENIZER…
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import {
  successionWithoutRules,
  tokenSuccession,
} from "../../packages/evaluation/dist/bytes/token-succession.js";
import { byteDistributions, byteLevelScore } from "../../packages/evaluation/dist/index.js";
import { loadTokenizer } from "../../packages/vocabulary/dist/index.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    text: { type: "string" },
    bytes: { type: "string", default: "150" },
    contexts: { type: "string", default: "100" },
    asked: { type: "string", default: "5" },
    prefixes: { type: "string", default: "6" },
  },
});
if (!values.text || positionals.length === 0) {
  console.error("usage: node tools/bench/byte-level.mjs --text FILE [--bytes 150] TOKENIZER…");
  process.exit(2);
}
// A special token never stands in a text whose bytes are scored.
const whole = readFileSync(values.text, "utf8").replaceAll("<|endoftext|>", "");
const text = whole.slice(0, Number(values.bytes));

let inModel = 0;
for (const path of positionals) {
  const tokenizer = await loadTokenizer(path);
  const { vocabulary } = tokenizer;
  console.log(`${path}: ${vocabulary.size} tokens, ${tokenizer.family}`);

  let start = performance.now();
  const succession = await tokenSuccession(tokenizer);
  await succession.allAfter([]);
  console.log(`  to begin: ${since(start)} ms`);

  const tokens = [...(await tokenizer.encode(whole.slice(0, 4000)))];
  console.log(`  a new context: ${await perContext(succession, tokens, Number(values.contexts))}`);
  const asking = await successionWithoutRules(tokenizer);
  await asking.allAfter([]);
  console.log(`  asked token by token: ${await perContext(asking, tokens, Number(values.asked))}`);

  const model = standIn(vocabulary.size);
  const prefixes = Array.from({ length: Number(values.prefixes) }, (_, i) => text.slice(0, 10 + 7 * i));
  start = performance.now();
  const { passes } = await byteDistributions({ model, tokenizer, prefixes });
  console.log(
    `  ${prefixes.length} prefixes: ${since(start)} ms, ${passes} passes, ${modelTime()} ms of it in the model`,
  );
  for (const perByte of [false, true]) {
    start = performance.now();
    const score = await byteLevelScore({ model, tokenizer, documents: [text], perByte });
    console.log(
      `  ${score.bytes} bytes${perByte ? ", every one" : ""}: ${since(start)} ms, ${score.passes} passes, ${modelTime()} ms of it in the model; ${score.bitsPerByte.toFixed(4)} bits/byte (${score.tokenBitsPerByte.toFixed(4)} by tokens)`,
    );
  }
}

/** Contexts as they come in a text, until as many new ones were judged as asked for. */
async function perContext({ allAfter }, tokens, most) {
  const seen = new Set([await allAfter([])]);
  const times = [];
  for (let i = 1; i <= tokens.length && times.length < most; i++) {
    const start = performance.now();
    const mask = await allAfter(tokens.slice(0, i));
    if (!seen.has(mask)) times.push(performance.now() - start);
    seen.add(mask);
  }
  times.sort((a, b) => a - b);
  return `median ${times[times.length >> 1].toFixed(1)} ms, slowest ${times.at(-1).toFixed(1)} ms of ${times.length}`;
}

function since(start) {
  return (performance.now() - start).toFixed(0);
}

/** Milliseconds since the last call. */
function modelTime() {
  const time = inModel.toFixed(0);
  inModel = 0;
  return time;
}

/** A causal model of random numbers that depend on the last token; no work to speak of. */
function standIn(V) {
  const noise = new Float32Array(2 * V);
  let state = 1;
  for (let i = 0; i < noise.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    noise[i] = (state / 2 ** 32) * 6;
  }
  const sums = new Map();
  const logSum = (offset) => {
    if (!sums.has(offset)) {
      let sum = 0;
      for (let i = 0; i < V; i++) sum += Math.exp(noise[offset + i]);
      sums.set(offset, Math.log(sum));
    }
    return sums.get(offset);
  };
  return {
    kind: "causal",
    contextLength: 1024,
    vocabularySize: V,
    async score() {
      throw new Error("not asked for");
    },
    async distributions(queries) {
      const start = performance.now();
      const answers = queries.map(({ tokens, positions }) => {
        const answer = new Float32Array(positions.length * V);
        positions.forEach((position, row) => {
          const offset = (tokens[position] * 7919) % V;
          const sum = logSum(offset);
          for (let i = 0; i < V; i++) answer[row * V + i] = noise[offset + i] - sum;
        });
        return answer;
      });
      inModel += performance.now() - start;
      return answers;
    },
  };
}
