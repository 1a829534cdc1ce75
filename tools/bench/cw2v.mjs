/**
 * How fast cw2v trains, beside plain PyTorch steps of the same shape in the same run:
 * `node tools/bench/cw2v.mjs --python PYTHON [--new 15086] [--sources 421] [--columns 64] [--rank 421] [--pairs 4096]
 * [--negatives 5] [--heads 1] [--steps 5] [--threads 2] [--epoch-pairs 686822]`, after a build.
 *
 * Random rows and pairs: tokens as often as 1 / their rank, centers by the square root of that, as subsampling leaves
 * them. A warm-up step first; with --epoch-pairs the time of five epochs of so many pairs is extrapolated from the steps.
 * Without --python only ours runs.
 */

import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openDenseProducts } from "@revocab/onnx";
import { adamStep } from "../../packages/cw2v/dist/adam.js";
import { batchLoss } from "../../packages/cw2v/dist/batch-loss.js";
import { negativeSampler } from "../../packages/cw2v/dist/pair-batches.js";
import { holdSourceRows } from "../../packages/cw2v/dist/source-rows.js";
import { randomStream, storeMatrix } from "../../packages/matrix/dist/index.js";

const NUMBERS = {
  new: 15086,
  shared: 1000,
  sources: 421,
  columns: 64,
  rank: 421,
  pairs: 4096,
  negatives: 5,
  heads: 1,
  steps: 5,
  threads: 2,
  "epoch-pairs": 0,
  keep: 1e9,
};
const { values } = parseArgs({
  options: {
    python: { type: "string" },
    ...Object.fromEntries(Object.keys(NUMBERS).map((name) => [name, { type: "string" }])),
  },
});
const options = Object.fromEntries(
  Object.entries(NUMBERS).map(([name, number]) => [name, Number(values[name] ?? number)]),
);

console.log(`${cpus()[0].model}, Node ${process.version}, ${options.threads} threads`);
console.log(["", "pairs/s", "s/step", "CPU s/step", "MB", "5 epochs"].map(cell).join(""));
print("revocab", await ours());
if (values.python !== undefined) {
  print("torch", theirs());
  print("torch --all", theirs("--all"));
}

async function ours() {
  const { heads, pairs, steps, threads, keep } = options;
  const model = await randomModel();
  const products = await openDenseProducts(threads);
  const draw = drawer();
  let [seconds, processor] = [0, 0];
  for (let step = 1; step <= steps + 1; step++) {
    const batch = draw();
    const [start, before] = [performance.now(), process.cpuUsage()];
    const { gradients } = await batchLoss({
      ...{ model, products, pairs: batch, loss: "standard" },
      keepBytes: keep,
    });
    for (const { mixture, touched, a1, a2 } of gradients) {
      adamStep(mixture.a1, a1, { step, learningRate: 3e-4, touched });
      adamStep(mixture.a2, a2, { step, learningRate: 3e-4 });
    }
    if (step === 1) {
      console.log(
        `touched of ${options.new} new tokens: ${gradients.map(({ touched }) => touched.length).join(", ")} (${heads} mixture${heads === 1 ? "" : "s"})`,
      );
      continue;
    }
    const { user, system } = process.cpuUsage(before);
    seconds += (performance.now() - start) / 1000;
    processor += (user + system) / 1e6;
  }
  await products.release();
  return {
    pairsPerSecond: (pairs * steps) / seconds,
    secondsPerStep: seconds / steps,
    processorSecondsPerStep: processor / steps,
    peakMegabytes: process.resourceUsage().maxRSS / 1e3,
  };
}

function theirs(...more) {
  const script = fileURLToPath(new URL("../oracle/cw2v_step.py", import.meta.url));
  const numbers = Object.entries(options).filter(([name]) => name !== "epoch-pairs" && name !== "keep");
  const given = numbers.flatMap(([name, number]) => [`--${name}`, String(number)]);
  const { stdout, stderr, status } = spawnSync(values.python, [script, ...given, ...more], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the Python steps ended with ${status}: ${stderr.slice(-500)}`);
  return JSON.parse(stdout);
}

async function randomModel() {
  const { new: news, shared, sources, columns, rank, heads } = options;
  const candidates = Uint32Array.from({ length: sources }, (_, id) => id);
  const mixtures = [];
  for (let head = 0; head < heads; head++) {
    const matrix = storeMatrix(
      {
        rows: sources + shared,
        columns,
        data: drawn((sources + shared) * columns, 10 + head, "normal"),
      },
      "BF16",
    );
    const table = { slot: head === 0 ? "input" : "output", role: "input", isBias: false, matrix };
    mixtures.push({
      a1: learned(news, rank, 20 + head),
      a2: learned(rank, sources, 30 + head),
      tables: [await holdSourceRows(table, candidates)],
    });
  }
  const count = news + shared;
  return {
    participants: {
      tokens: Uint32Array.from({ length: count }, (_, one) => one),
      sources: Int32Array.from({ length: count }, (_, one) => (one < news ? -1 : sources + one - news)),
      newRows: Int32Array.from({ length: count }, (_, one) => (one < news ? one : -1)),
      newTokens: Uint32Array.from({ length: news }, (_, one) => one),
    },
    mixtures,
    center: { mixture: mixtures[0], table: 0 },
    context: { mixture: mixtures.at(-1), table: 0 },
  };
}

function drawer() {
  const { new: news, shared, pairs, negatives } = options;
  const stream = randomStream(1, 0);
  const order = Array.from({ length: news + shared }, (_, one) => [stream.uniform(), one]).sort(
    ([a], [b]) => a - b,
  );
  const frequency = new Float64Array(news + shared);
  order.forEach(([, one], rank) => {
    frequency[one] = 1 / (rank + 1);
  });
  // the sampler takes its counts to the power 0.75 itself
  const samplerOf = (power) => negativeSampler(frequency.map((value) => value ** (power / 0.75)));
  const [centers, contexts, noise] = [samplerOf(0.5), samplerOf(1), samplerOf(0.75)];
  const take = (sampler, length) => Uint32Array.from({ length }, () => sampler(stream));
  return () => ({
    centers: take(centers, pairs),
    contexts: take(contexts, pairs),
    negatives: take(noise, pairs * negatives),
  });
}

function learned(rows, columns, id) {
  const [first, second] = [0, 1].map(() => new Float32Array(rows * columns));
  return { rows, columns, data: drawn(rows * columns, id, "uniform"), first, second };
}

function drawn(length, id, kind) {
  const stream = randomStream(1, id);
  const data = new Float32Array(length);
  for (let i = 0; i < length; i++) data[i] = stream[kind]();
  return data;
}

function print(name, { pairsPerSecond, secondsPerStep, processorSecondsPerStep, peakMegabytes }) {
  const epochs = options["epoch-pairs"];
  const five = epochs === 0 ? "" : duration((5 * epochs) / pairsPerSecond);
  const figures = [Math.round(pairsPerSecond), secondsPerStep.toFixed(2), processorSecondsPerStep.toFixed(2)];
  console.log([name, ...figures, Math.round(peakMegabytes), five].map(cell).join(""));
}

function duration(seconds) {
  return seconds < 7200 ? `${Math.round(seconds)} s` : `${(seconds / 3600).toFixed(1)} h`;
}

function cell(value) {
  return String(value).padStart(12);
}
