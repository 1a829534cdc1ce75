/**
 * How long the nearest rows take to find, and how many of them an index finds: `node tools/bench/neighbors.mjs [--rows N]
 * [--width D] [--metric cosine|dot] [--search N]`, after a build.
 *
 * Rows are random points about 2,000 random centers, of lengths from 1 to 3: like word vectors, neighbors are near, and much
 * nearer than the rest. Recall is the share of the 10 nearest rows that the index returns. Times are processor times;
 * GF/s are 2 · m · n · d over that of the exact search, normalizing and choosing the best included.
 */
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { randomStream } from "../../packages/matrix/dist/index.js";
import { nearestRows } from "../../packages/neighbors/dist/index.js";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "20000" },
    width: { type: "string", multiple: true, default: ["100", "300"] },
    search: { type: "string", multiple: true, default: ["50", "200"] },
    metric: { type: "string", multiple: true, default: ["cosine", "dot"] },
  },
});
const n = Number(values.rows);
const m = 2000;
const k = 10;
console.log(`${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}`);
for (const d of values.width.map(Number)) {
  const rows = clustered(n, d, 1);
  const queries = clustered(m, d, 2);
  for (const metric of values.metric) {
    const exact = await timed({ queries, rows, metric, index: "exact" });
    const rate = (2 * m * n * d) / exact.total / 1e6;
    console.log(
      `\n${n} rows, d ${d}, ${metric}: exact ${ms(exact.total / m)} a query, ${rate.toFixed(1)} GF/s`,
    );
    for (const search of values.search.map(Number)) {
      const hnsw = { search };
      const { found, total, build } = await timed({ queries, rows, metric, index: "hnsw", hnsw });
      const query = (total - build) / m;
      const pays = build / (exact.total / m - query);
      console.log(
        `  search ${search}: recall ${(100 * recall(exact.found, found)).toFixed(1)} %, build ${(build / 1000).toFixed(1)} s, ${ms(query)} a query; pays from ${pays > 0 ? pays.toFixed(0) : "no number of"} queries`,
      );
    }
  }
}

/** Processor time, in ms: both searches use one thread, and the machine may have other work. */
async function timed(options) {
  const start = process.cpuUsage();
  const spent = () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
  let build = 0;
  const onProgress = ({ step }) => {
    if (step === "build the index") build = spent();
  };
  const found = await nearestRows({ k, onProgress, ...options });
  return { found, build, total: spent() };
}

function recall(truth, found) {
  let hits = 0;
  for (let start = 0; start < truth.ids.length; start += k) {
    const wanted = new Set(truth.ids.subarray(start, start + k));
    for (const id of found.ids.subarray(start, start + k)) if (wanted.has(id)) hits++;
  }
  return hits / truth.ids.length;
}

function clustered(count, columns, seed) {
  const centers = randomStream(7, columns);
  const means = Float32Array.from({ length: 2000 * columns }, () => centers.normal());
  const { normal, uniform } = randomStream(seed, 1);
  const data = new Float32Array(count * columns);
  for (let row = 0; row < count; row++) {
    const center = Math.floor(uniform() * 2000) * columns;
    const length = 1 + 2 * uniform();
    for (let i = 0; i < columns; i++) data[row * columns + i] = length * (means[center + i] + normal());
  }
  return { rows: count, columns, data };
}

function ms(time) {
  return `${time.toFixed(2)} ms`;
}
