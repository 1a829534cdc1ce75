/**
 * How long the nearest rows take to find, and how many of them an index finds: `node tools/bench/neighbors.mjs [--rows N]
 * [--queries M] [--width D] [--metric cosine|dot] [--search N] [--no-index]`, after a build.
 *
 * Rows are random points about 2,000 random centers, of lengths from 1 to 3: like word vectors, neighbors are near, and much
 * nearer than the rest. Recall is the share of the 10 nearest rows that the index returns. The exact search is done twice, by
 * the WebAssembly kernel and by onnxruntime, and both must find the same. Times are processor times of all threads, with the
 * time on the clock beside that of the exact searches; GF/s are 2 · m · n · d over the former and over the latter, normalizing
 * and choosing the best included.
 */
import { availableParallelism, cpus } from "node:os";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { matrixOfBytes, randomStream } from "../../packages/matrix/dist/index.js";
import { kernelNeighbors } from "../../packages/neighbors/dist/exact-neighbors.js";
import { nearestRows } from "../../packages/neighbors/dist/index.js";
import { candidateRows } from "../../packages/neighbors/dist/neighbor-search.js";
import { runtimeNeighbors } from "../../packages/neighbors/dist/runtime-neighbors.js";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "20000" },
    queries: { type: "string", default: "2000" },
    "no-index": { type: "boolean", default: false },
    width: { type: "string", multiple: true, default: ["100", "300"] },
    search: { type: "string", multiple: true, default: ["50", "200"] },
    metric: { type: "string", multiple: true, default: ["cosine", "dot"] },
  },
});
const n = Number(values.rows);
const m = Number(values.queries);
const k = 10;
console.log(`${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}`);
for (const d of values.width.map(Number)) {
  const rows = clustered(n, d, 1);
  const queries = clustered(m, d, 2);
  for (const metric of values.metric) {
    const { kernel, runtime } = await exactly({ queries, rows, metric });
    if (!isDeepStrictEqual(kernel.found, runtime.found)) throw new Error("the two exact searches differ");
    const exact = kernel;
    console.log(`\n${m} queries, ${n} rows, d ${d}, ${metric}`);
    for (const [name, { total, clock }] of Object.entries({ kernel, runtime })) {
      const rate = (time) => ((2 * m * n * d) / time / 1e6).toFixed(1);
      console.log(
        `  exact by the ${name}: ${ms(total / m)} a query, ${rate(total)} GF/s of processor time; ${(clock / 1000).toFixed(1)} s on the clock, ${rate(clock)} GF/s`,
      );
    }
    if (values["no-index"]) continue;
    for (const search of values.search.map(Number)) {
      const hnsw = { search };
      const { found, total, build } = await timedIndex({ queries, rows, metric, hnsw });
      const query = (total - build) / m;
      const pays = build / (exact.total / m - query);
      console.log(
        `  search ${search}: recall ${(100 * recall(exact.found, found)).toFixed(1)} %, build ${(build / 1000).toFixed(1)} s, ${ms(query)} a query; pays from ${pays > 0 ? pays.toFixed(0) : "no number of"} queries`,
      );
    }
  }
}

/** The same search by both. The runtime is loaded before: that takes 0.1 s once. */
async function exactly({ queries, rows, metric }) {
  const { data, ...shape } = rows;
  const stored = matrixOfBytes({ ...shape, dtype: "F32" }, new Uint8Array(data.buffer));
  const candidates = await candidateRows({ rows: stored, leaveOutZeros: metric === "cosine" });
  const search = { queries, rows: stored, candidates, k, metric };
  const few = { rows: 1, columns: queries.columns, data: queries.data.subarray(0, queries.columns) };
  await runtimeNeighbors({ ...search, queries: few });
  return {
    kernel: await timed(() => kernelNeighbors(search)),
    runtime: await timed(() => runtimeNeighbors(search)),
  };
}

/** Processor time, in ms: the machine may have other work. */
async function timed(find) {
  const [start, since] = [process.cpuUsage(), performance.now()];
  const spent = () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
  const found = await find(spent);
  return { found, total: spent(), clock: performance.now() - since };
}

/** As {@link timed}, with what building the index took of it. */
async function timedIndex(options) {
  let build = 0;
  const timing = await timed((spent) => {
    const onProgress = ({ step }) => {
      if (step === "build the index") build = spent();
    };
    return nearestRows({ k, job: { onProgress }, index: "hnsw", ...options });
  });
  return { ...timing, build };
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
