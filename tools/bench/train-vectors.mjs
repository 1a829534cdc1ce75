/**
 * How fast word vectors are trained and how good they are, beside the `fasttext` program on the same text in the same run:
 * `node tools/bench/train-vectors.mjs TEXT... [--simlex FILE] [--threads 2] [--epochs 5] [--dimensions 100,300] [--runs 3]`,
 * after a build.
 *
 * Words/s are of the training alone, as both programs count them; CPU seconds are of the whole run; the loss is the mean over
 * all epochs. Quality is Spearman's rank
 * correlation with the pairs of SimLex-999 of which both words stand in the text, once for each run, each with its own seed.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readTextVectors, trainWordVectors, vectorsOfModel } from "../../packages/word-vectors/dist/index.js";

const { values: options, positionals: texts } = parseArgs({
  allowPositionals: true,
  options: {
    simlex: { type: "string" },
    threads: { type: "string", default: "2" },
    epochs: { type: "string", default: "5" },
    dimensions: { type: "string", default: "100,300" },
    buckets: { type: "string", default: "200000" },
    runs: { type: "string", default: "3" },
  },
});
if (texts.length === 0) {
  console.error("usage: node tools/bench/train-vectors.mjs TEXT... [--simlex FILE]");
  process.exit(2);
}
const [threads, epochs, buckets, runs] = ["threads", "epochs", "buckets", "runs"].map((name) =>
  Number(options[name]),
);
const pairs = options.simlex === undefined ? [] : readPairs(options.simlex);
const folder = mkdtempSync(join(tmpdir(), "train-vectors-"));
const text = join(folder, "text.txt");
for (const file of texts) appendFileSync(text, readFileSync(file));

console.log(`${cpus()[0].model}, Node ${process.version}; ${threads} threads, ${epochs} epochs`);
console.log(["model", "d", "program", "words/s", "CPU s", "loss", "SimLex"].map(cell).join(""));
try {
  for (const dimension of options.dimensions.split(",").map(Number)) {
    for (const model of ["skipgram", "cbow"]) {
      const ours = [];
      const theirs = [];
      for (let seed = 1; seed <= runs; seed++) {
        theirs.push(await runFastText({ model, dimension, seed }));
        ours.push(await runRevocab({ model, dimension, seed }));
      }
      print(model, dimension, "fasttext", theirs);
      print(model, dimension, "revocab", ours);
      const ratio = median(ours.map((run) => run.rate)) / median(theirs.map((run) => run.rate));
      console.log(["", "", "ratio", ratio.toFixed(2)].map(cell).join(""));
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}

async function runRevocab({ model, dimension, seed }) {
  const before = process.cpuUsage();
  const notes = [];
  const trained = await trainWordVectors({
    documents: text,
    ...{ model, dimension, epochs, buckets, seed },
    job: {
      threads,
      onProgress: (event) => {
        if (event.type === "note") notes.push(/loss ([\d.]+), (\d+) words/.exec(event.message));
      },
    },
  });
  const { user, system } = process.cpuUsage(before);
  return {
    rate: Number(notes.at(-1)[2]),
    cpu: (user + system) / 1e6,
    loss: notes.reduce((sum, note) => sum + Number(note[1]), 0) / epochs,
    quality: quality(vectorsOfModel(trained)),
  };
}

async function runFastText({ model, dimension, seed }) {
  const out = join(folder, "fasttext");
  const numbers = { dim: dimension, epoch: epochs, bucket: buckets, thread: threads, seed };
  const given = Object.entries(numbers).flatMap(([name, value]) => [`-${name}`, String(value)]);
  const command = ["fasttext", model, "-input", text, "-output", out, ...given];
  const { stderr, stdout, status } = spawnSync(
    "bash",
    ["-c", 'TIMEFORMAT="%U %S"; time "$@"', "_", ...command],
    {
      encoding: "utf8",
      maxBuffer: 1 << 28,
    },
  );
  if (status !== 0) throw new Error(`fasttext ended with code ${status}: ${stderr.slice(-500)}`);
  const rates = [...(stdout + stderr).matchAll(/words\/sec\/thread:\s*(\d+).*?avg\.loss:\s*([\d.]+)/g)];
  const [, rate, loss] = rates.at(-1);
  const [user, system] = stderr.trim().split("\n").at(-1).split(" ").map(Number);
  return {
    rate: Number(rate) * threads,
    cpu: user + system,
    loss: Number(loss),
    quality: quality(await readTextVectors(`${out}.vec`)),
  };
}

function quality(vectors) {
  const known = pairs.filter(
    ([a, b]) => vectors.indexOf(a) !== undefined && vectors.indexOf(b) !== undefined,
  );
  if (known.length === 0) return Number.NaN;
  const cosines = known.map(([a, b]) => cosine(vectors.vectorOf(a), vectors.vectorOf(b)));
  return correlation(ranks(cosines), ranks(known.map(([, , score]) => score)));
}

function readPairs(file) {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split("\t"))
    .map(([a, b, score]) => [a, b, Number(score)]);
}

/** Equal values share the mean of their ranks. */
function ranks(values) {
  const order = values.map((value, i) => [value, i]).sort(([a], [b]) => a - b);
  const result = new Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && order[end][0] === order[start][0]) end++;
    for (let at = start; at < end; at++) result[order[at][1]] = (start + end - 1) / 2;
    start = end;
  }
  return result;
}

function correlation(a, b) {
  const mean = (a.length - 1) / 2;
  const product = (x, y) => x.reduce((sum, value, i) => sum + (value - mean) * (y[i] - mean), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

function cosine(a, b) {
  const product = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

function print(model, dimension, program, results) {
  const of = (name) => median(results.map((run) => run[name]));
  const qualities = results.map((run) => run.quality.toFixed(3)).join(" ");
  const figures = [Math.round(of("rate")), of("cpu").toFixed(1), of("loss").toFixed(3)];
  console.log(`${[model, dimension, program, ...figures].map(cell).join("")}  ${qualities}`);
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function cell(value) {
  return String(value).padStart(10);
}
