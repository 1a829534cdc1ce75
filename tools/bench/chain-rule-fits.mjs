/**
 * All fits of chain-rule at a real size, without a model: hidden states with correlated columns and Zipf's frequencies of tokens stand for a text.
 * Prints processor time and memory of each fit, and bits per token on places that no fit has met. After a build:
 * `node tools/bench/chain-rule-fits.mjs [--width 2048] [--source 32000] [--target 50257] [--places 40000] [--exponent 1.35]`
 */
import { parseArgs } from "node:util";
import { correctedBasis } from "../../packages/chain-rule/dist/corrected-basis.js";
import { fitStates } from "../../packages/chain-rule/dist/fit-states.js";
import { StateSums } from "../../packages/chain-rule/dist/linear-fits.js";
import { logShares } from "../../packages/chain-rule/dist/shares.js";
import { randomStream, storedView } from "../../packages/matrix/dist/index.js";
import { openDenseProducts } from "../../packages/onnx/dist/index.js";

const { values } = parseArgs({
  options: {
    width: { type: "string", default: "2048" },
    source: { type: "string", default: "32000" },
    target: { type: "string", default: "50257" },
    places: { type: "string", default: "40000" },
    scored: { type: "string", default: "1000" },
    exponent: { type: "string", default: "1.35" },
    seed: { type: "string", default: "0" },
    threads: { type: "string", default: "2" },
  },
});
const [width, source, target, places] = ["width", "source", "target", "places"].map((name) =>
  Number(values[name]),
);
const [scored, exponent, seed, threads] = ["scored", "exponent", "seed", "threads"].map((name) =>
  Number(values[name]),
);

/** Directions that states differ in; what is left of their variance is noise. */
const LATENT = Math.min(512, width / 2);
/** How far a first piece and a token move the state before them, in deviations. */
const [PIECE, TOKEN] = [0.15, 0.08].map((share) => share * Math.sqrt(512 / LATENT));
/** What the tokens change in the states, and how much of what the states say the head knows. */
const [NOISE, KNOWN] = [0.02, 0.6];
const BLOCK = 2048;

const products = await openDenseProducts(threads);
const stage = stages();
const firstOf = firstPieces();
const groups = new Map();
for (const [token, first] of firstOf.entries()) groups.set(first, [...(groups.get(first) ?? []), token]);
const weightOf = (token) => (token + 10) ** -exponent;
const mixing = normals(LATENT * width, 1, 1 / Math.sqrt(width));
const table = { slot: "output", role: "output", isBias: false, matrix: storedView(await headRows()) };
const own = await StateSums.open(width, threads);
const pairs = await StateSums.open(width, threads);
const text = await read(0, places, own, pairs);
stage("made the text and its states; sums of states");

const notes = [];
const job = { onProgress: (event) => event.type === "note" && notes.push(event.message) };
const shares = logShares(target, groups.values(), weightOf);
const firsts = [...groups.keys()].sort((a, b) => a - b);
const fit = { groups, shares, mainHead: { table, bias: undefined }, seed, products, job };
const bases = {};
for (const correction of ["none", "map", "contextual"]) {
  // the states are changed in place, so the fit that needs them comes last
  const fitted = await fitStates({ own, pairs, ...text, isSame: false }, { ...fit, correction });
  stage(`${correction}: fits`);
  bases[correction] = await correctedBasis(fitted, { firsts, matrix: table.matrix, products });
  stage(`${correction}: rows of the head`);
}
console.log(`\n${notes.slice(-2).join("\n")}`);
console.log(`${new Set(text.tokens).size} different tokens`);
console.log(`peak memory: ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`);
const other = await read(places, scored);
for (const [correction, basis] of Object.entries(bases)) {
  console.log(
    `${correction}: ${(await bitsOf(basis, other)).toFixed(3)} bits per token on ${scored} other places`,
  );
}
await products.release();

/** Prints the processor time since the last call. */
function stages() {
  let last = process.cpuUsage();
  let clock = performance.now();
  return (name) => {
    const { user, system } = process.cpuUsage(last);
    const seconds = ((performance.now() - clock) / 1000).toFixed(1);
    console.log(`${name}: ${((user + system) / 1e6).toFixed(1)} s of processor time, ${seconds} s`);
    last = process.cpuUsage();
    clock = performance.now();
  };
}

function normals(count, id, scale) {
  const { normal } = randomStream(seed, id);
  return Float32Array.from({ length: count }, () => scale * normal());
}

/** Frequent tokens are first pieces themselves; each of the others begins with one of them. */
function firstPieces() {
  const { uniform } = randomStream(seed, 2);
  const count = Math.min(source, Math.floor(0.37 * target));
  return Uint32Array.from({ length: target }, (_, token) =>
    token < count ? token : Math.floor(count * uniform() ** 3),
  );
}

/** What a class adds to the latent state before it, in deviations of its directions. */
function signature(id, scale) {
  const { normal } = randomStream(seed + 1, id);
  return Float32Array.from({ length: LATENT }, (_, j) => (j === 0 ? 0 : scale * normal()));
}

function deviation(j) {
  return 1 / Math.sqrt(j + 1);
}

/** [V_s × d] the linear discriminants of the pieces, less some of what they know. The first direction is 1 in all states. */
async function headRows() {
  const data = new Float32Array(source * width);
  for (let start = 0; start < source; start += BLOCK) {
    const rows = Math.min(BLOCK, source - start);
    const latent = new Float32Array(rows * LATENT);
    for (let i = 0; i < rows; i++) {
      const own = signature(start + i, PIECE);
      let square = 0;
      for (let j = 1; j < LATENT; j++) {
        latent[i * LATENT + j] = (KNOWN * own[j]) / deviation(j);
        square += (KNOWN * own[j]) ** 2;
      }
      latent[i * LATENT] = Math.log(weightOf(start + i)) - square / 2;
    }
    const mixed = await products.multiply({ rows, columns: LATENT, data: latent }, mixer());
    data.set(mixed.data, start * width);
  }
  return { rows: source, columns: width, data };
}

function mixer() {
  return { rows: LATENT, columns: width, data: mixing };
}

/** By Zipf's law, P ∝ (rank + 10)^−exponent: at 1.35 40,000 draws have 5,600 different tokens; as much of WikiText has 5,350 in GPT-2's. */
function draw(uniform) {
  const power = 1 - exponent;
  const last = target / 10 + 1;
  const place = power === 0 ? last ** uniform : (1 - uniform * (1 - last ** power)) ** (1 / power);
  return Math.min(target - 1, Math.floor(10 * (place - 1)));
}

/** States before `count` tokens. */
async function read(first, count, own, pairs) {
  const tokens = new Uint32Array(count);
  const states = new Float32Array(count * width);
  for (let start = 0; start < count; start += BLOCK) {
    const rows = Math.min(BLOCK, count - start);
    const latent = new Float32Array(rows * LATENT);
    const { uniform, normal } = randomStream(seed + 2, first + start);
    for (let i = 0; i < rows; i++) {
      const token = draw(uniform());
      tokens[start + i] = token;
      const [piece, rest] = [signature(firstOf[token], PIECE), signature(source + token, TOKEN)];
      for (let j = 1; j < LATENT; j++) {
        latent[i * LATENT + j] = deviation(j) * (normal() + piece[j] + rest[j]);
      }
      latent[i * LATENT] = 1;
    }
    const { data } = await products.multiply({ rows, columns: LATENT, data: latent }, mixer());
    const block = states.subarray(start * width, (start + rows) * width);
    for (let at = 0; at < data.length; at++) block[at] = data[at] + NOISE * normal();
    await own?.add(data);
    await pairs?.add(block, data);
  }
  await own?.release();
  await pairs?.release();
  return { tokens, states };
}

/** Mean −log2 P(token) over all target tokens, by the rows that a swap would write. */
async function bitsOf({ basis, correctionOf, shareOf }, { tokens, states }) {
  const totals = new Float64Array(tokens.length);
  const right = new Float64Array(tokens.length);
  const head = await storedRows();
  for (let start = 0; start < target; start += BLOCK) {
    const rows = Math.min(BLOCK, target - start);
    const data = new Float32Array(rows * width);
    for (let i = 0; i < rows; i++) {
      const token = start + i;
      const own = [correctionOf.get(firstOf[token]), shareOf.get(token)].filter((row) => row !== undefined);
      for (let j = 0; j < width; j++) {
        let value = head[firstOf[token] * width + j] + shares[token] * basis.data[j];
        for (const row of own) value += basis.data[row * width + j];
        data[i * width + j] = value;
      }
    }
    const left = { rows: tokens.length, columns: width, data: states };
    const by = { rows, columns: width, data };
    const { data: logits } = await products.multiply(left, by, { transposeRight: true });
    for (const [i, token] of tokens.entries()) {
      for (let k = 0; k < rows; k++) totals[i] += Math.exp(logits[i * rows + k]);
      if (token >= start && token < start + rows) right[i] = logits[i * rows + token - start];
    }
  }
  return totals.reduce((sum, total, i) => sum + Math.log2(total) - right[i] / Math.LN2, 0) / tokens.length;
}

async function storedRows() {
  const { bytes } = table.matrix;
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}
