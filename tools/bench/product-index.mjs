/**
 * How fast the largest inner products are found among many rows, and how many of them: `node tools/bench/product-index.mjs [--rows N]
 * [--width D] [--queries M] [--clusters C] [--share S …] [--with hnsw --with usearch-bf16 --with usearch-i8 --with usearch-i8-equal] [--search EF …]`, after a build; or among the
 * rows of a large vocabulary, for the hidden states of a text: `--vocabulary FOLDER --model MODEL --text FILE`.
 *
 * Without a vocabulary, rows are random points about 2,000 random centers, of lengths from 1 to 3, in bf16, and queries lie about the same centers.
 * Recall is the share of the 1 and of the 20 rows with the largest products that are found; mass is the part of Σ exp of all products
 * that the found rows have, beside the part that the true ones have, with products scaled so that the 20 true ones have about nine
 * tenths of it. Two exact searches are timed beside the index: this project's WebAssembly kernel for a single query, and onnxruntime's product
 * of a matrix and a vector with all cores, which reads the rows as f32 at about the speed of memory.
 *
 * Times are times on the clock and processor times of all threads, medians over the queries; memory is what the process grows by.
 * usearch is no dependency of the project: `npm install --no-save usearch@2.26.2` first.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  forEachRowBlock,
  matrixOfBytes,
  randomStream,
  readMatrix,
  storeMatrix,
} from "../../packages/matrix/dist/index.js";
import { kernelNeighbors } from "../../packages/neighbors/dist/exact-neighbors.js";
import { buildProductIndex, openProductSearch } from "../../packages/neighbors/dist/index.js";
import { GraphBuilder, loadOnnxRuntime, openSession } from "../../packages/onnx/dist/index.js";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "100000" },
    width: { type: "string", default: "768" },
    queries: { type: "string", default: "200" },
    clusters: { type: "string" },
    share: { type: "string", multiple: true, default: ["0.01", "0.02", "0.05", "0.1", "1"] },
    with: { type: "string", multiple: true, default: [] },
    search: { type: "string", multiple: true, default: ["64", "256"] },
    links: { type: "string", default: "16" },
    construction: { type: "string", default: "128" },
    "no-gemv": { type: "boolean", default: false },
    vocabulary: { type: "string" },
    model: { type: "string" },
    text: { type: "string" },
  },
});
const k = 20;
console.log(`${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}`);
const { rows, queries } = values.vocabulary === undefined ? clustered() : await ofVocabulary();
const { columns: d } = rows;
const m = queries.length;
console.log(`${rows.rows} rows of ${d} columns, ${m} queries`);

const { search, found: truth, scale, exactTotals } = await exactIndex();
await kernel();
if (!values["no-gemv"]) await gemv();
for (const share of values.share.map(Number)) await ofShare(share);
await search.close();
for (const name of values.with) {
  if (name === "hnsw") await hnsw();
  else await usearch(name);
}

/** The index, its build, and the exact results of all queries by it. */
async function exactIndex() {
  const before = process.memoryUsage.rss();
  const build = await timed(() =>
    buildProductIndex({
      rows,
      clusters: values.clusters === undefined ? undefined : Number(values.clusters),
    }),
  );
  const clusters = build.result.clusters?.centers.rows ?? 0;
  const search = await openProductSearch({ index: build.result, rows });
  console.log(
    `index of ${clusters} clusters: built in ${seconds(build.clock)} (${seconds(build.processor)} of processor time); ${megabytes(process.memoryUsage.rss() - before)} MB`,
  );
  const found = [];
  for (const query of queries) found.push(await search.largest(query, { k }));
  const scale = 4 / median(found.map(({ products }) => products[0] - products[k - 1]));
  const totals = [];
  for (const query of queries) {
    const { logTotal } = await search.largest(query, { k });
    totals.push(logTotal((product) => product * scale));
  }
  return { search, found, scale, exactTotals: totals };
}

async function ofShare(share) {
  const times = [];
  const found = [];
  const totals = [];
  for (const query of queries) {
    const one = await timed(() => search.largest(query, { k, share }));
    times.push(one);
    found.push(one.result);
    totals.push(one.result.logTotal((product) => product * scale));
  }
  const compared = median(found.map(({ compared: count }) => count));
  console.log(
    `share ${share}: ${described(times)}, ${recalled(found.map(({ ids }) => ids))}, ${compared} rows multiplied themselves; ` +
      `log Σ exp differs by ${median(totals.map((total, i) => Math.abs(total - exactTotals[i]))).toFixed(4)} (median)`,
  );
}

/** The kernel of `nearestRows` for a few queries, one at a time; it must find what the index finds. */
async function kernel() {
  const candidates = { count: rows.rows, isCandidate: new Uint8Array(rows.rows).fill(1), longest: 1 };
  const times = [];
  for (const [i, query] of queries.slice(0, 5).entries()) {
    const one = await timed(() =>
      kernelNeighbors({ queries: { rows: 1, columns: d, data: query }, rows, candidates, k, metric: "dot" }),
    );
    times.push(one);
    const same = one.result.ids.every((id, place) => id === truth[i].ids[place]);
    if (!same) throw new Error("the index and the exact search differ");
  }
  console.log(`exact search by the kernel, f32: ${described(times)}`);
}

/** One product of all rows and a query, by onnxruntime. */
async function gemv() {
  const { Tensor } = await loadOnnxRuntime();
  const graph = new GraphBuilder();
  const left = graph.input("left", "float", [1, d]);
  const right = graph.input("right", "float", ["n", d]);
  graph.output("product", "float", [1, "n"], graph.add("Gemm", [left, right], { transB: { int: 1 } }));
  const session = await openSession(graph, { directory: "." });
  const table = new Tensor("float32", (await readMatrix(rows, 0, rows.rows)).data, [rows.rows, d]);
  const times = [];
  for (const query of queries.slice(0, 20)) {
    times.push(await timed(() => session.run({ left: new Tensor("float32", query, [1, d]), right: table })));
  }
  const rate = (4 * rows.rows * d) / median(times.map(({ clock }) => clock)) / 1e6;
  console.log(`matrix times vector by onnxruntime, f32: ${described(times)}, ${rate.toFixed(1)} GB/s`);
  await session.release();
}

async function hnsw() {
  const { default: hnswlib } = await import("hnswlib-node");
  const before = process.memoryUsage.rss();
  const index = new hnswlib.HierarchicalNSW("ip", d);
  index.initIndex({
    maxElements: rows.rows,
    m: Number(values.links),
    efConstruction: Number(values.construction),
  });
  const build = await timed(() =>
    forEachRowBlock(rows, (start, { rows: count, data }) => {
      for (let i = 0; i < count; i++)
        index.addPoint(Array.from(data.subarray(i * d, (i + 1) * d)), start + i);
    }),
  );
  report("hnswlib-node", build, before);
  for (const ef of values.search.map(Number)) {
    index.setEf(ef);
    await ofGraph(`hnswlib-node, search ${ef}`, (query) => {
      const { neighbors, distances } = index.searchKnn(Array.from(query), k);
      return neighbors
        .map((id, i) => [id, distances[i]])
        .sort((a, b) => a[1] - b[1])
        .map(([id]) => id);
    });
  }
}

/**
 * With `i8`, usearch scales every row to one length before it rounds it, so that it finds the largest cosines. A column more, in which each
 * row gets what its square lacks of the largest, makes rows of one length with the same products: `usearch-i8-equal`.
 */
async function usearch(name) {
  const { Index } = await import("usearch");
  const [, quantization, equal] = name.split("-");
  const longest = equal ? await longestRow() : undefined;
  const dimensions = equal ? d + 1 : d;
  const before = process.memoryUsage.rss();
  const settings = {
    metric: "ip",
    dimensions,
    quantization,
    connectivity: Number(values.links),
    multi: false,
  };
  const expansion_add = Number(values.construction);
  const index = new Index({ ...settings, expansion_add, expansion_search: 64 });
  const build = await timed(() =>
    forEachRowBlock(rows, (start, { rows: count, data }) => {
      const keys = BigUint64Array.from({ length: count }, (_, i) => BigInt(start + i));
      index.add(keys, equal ? withLastColumn(data, count, longest) : data.slice(), availableParallelism());
    }),
  );
  report(name, build, before);
  const folder = mkdtempSync(join(tmpdir(), "revocab-bench-"));
  try {
    index.save(join(folder, "index"));
    for (const ef of values.search.map(Number)) {
      const opened = new Index({ ...settings, expansion_add, expansion_search: ef });
      opened.load(join(folder, "index"));
      await ofGraph(`${name}, search ${ef}`, (query) => {
        const asked = new Float32Array(dimensions);
        asked.set(query);
        return Array.from(opened.search(asked, k, 1).keys, Number);
      });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function longestRow() {
  let longest = 0;
  await forEachRowBlock(rows, (_, { rows: count, data }) => {
    for (let i = 0; i < count; i++) longest = Math.max(longest, squareOf(data, i));
  });
  return longest;
}

function withLastColumn(data, count, longest) {
  const wide = new Float32Array(count * (d + 1));
  for (let i = 0; i < count; i++) {
    wide.set(data.subarray(i * d, (i + 1) * d), i * (d + 1));
    wide[i * (d + 1) + d] = Math.sqrt(Math.max(0, longest - squareOf(data, i)));
  }
  return wide;
}

function squareOf(data, row) {
  let square = 0;
  for (let i = row * d; i < (row + 1) * d; i++) square += data[i] * data[i];
  return square;
}

function report(name, { clock, processor }, before) {
  const grown = megabytes(process.memoryUsage.rss() - before);
  console.log(`${name}: built in ${seconds(clock)} (${seconds(processor)} of processor time); ${grown} MB`);
}

/** A graph gives the order of its own products: those of the rows themselves decide which is the largest. */
async function ofGraph(name, find) {
  const times = [];
  const found = [];
  for (const query of queries) {
    const one = await timed(() => find(query));
    times.push(one);
    found.push(one.result);
  }
  console.log(`${name}: ${described(times)}, ${recalled(found)}`);
}

/** recall@1 takes a row as found wherever it stands among the k: the caller computes their products anyway. */
function recalled(found) {
  let first = 0;
  let all = 0;
  let mass = 0;
  for (const [i, ids] of found.entries()) {
    const has = new Set(ids);
    const { ids: wanted, products } = truth[i];
    if (has.has(wanted[0])) first++;
    let [part, whole] = [0, 0];
    for (const [place, id] of wanted.entries()) {
      const weight = Math.exp(scale * (products[place] - products[0]));
      whole += weight;
      if (!has.has(id)) continue;
      all++;
      part += weight;
    }
    mass += part / whole;
  }
  const percent = (share) => `${(100 * share).toFixed(2)} %`;
  return `recall@1 ${percent(first / m)}, recall@${k} ${percent(all / m / k)}, mass ${percent(mass / m)}`;
}

async function timed(work) {
  const [start, since] = [process.cpuUsage(), performance.now()];
  const result = await work();
  const { user, system } = process.cpuUsage(start);
  return { result, clock: performance.now() - since, processor: (user + system) / 1000 };
}

function described(times) {
  const of = (name) => median(times.map((each) => each[name])).toFixed(2);
  return `${of("clock")} ms a query (${of("processor")} ms of processor time)`;
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function megabytes(bytes) {
  return Math.round(bytes / 1e6);
}

function clustered() {
  const count = Number(values.rows);
  const columns = Number(values.width);
  const centers = randomStream(7, columns);
  const means = Float32Array.from({ length: 2000 * columns }, () => centers.normal());
  const { normal, uniform } = randomStream(1, 1);
  const point = (into) => {
    const center = Math.floor(uniform() * 2000) * columns;
    const length = 1 + 2 * uniform();
    for (let i = 0; i < columns; i++) into[i] = length * (means[center + i] + normal());
    return into;
  };
  const bytes = new Uint8Array(count * columns * 2);
  const row = { rows: 1, columns, data: new Float32Array(columns) };
  for (let i = 0; i < count; i++) {
    point(row.data);
    bytes.set(storeMatrix(row, "BF16").bytes, i * columns * 2);
  }
  const queries = Array.from({ length: Number(values.queries) }, () => point(new Float32Array(columns)));
  return { rows: matrixOfBytes({ rows: count, columns, dtype: "BF16" }, bytes), queries };
}

/** The head's rows of a large vocabulary in memory, and hidden states at positions all over a text. */
async function ofVocabulary() {
  const { openLargeVocabulary, longestPrefixEncoder } = await import(
    "../../packages/large-vocabulary/dist/index.js"
  );
  const { openModel } = await import("../../packages/plan/dist/index.js");
  const { openTransformer } = await import("../../packages/transformer-runtime/dist/index.js");
  const { readText } = await import("../../packages/files/dist/index.js");
  const vocabulary = await openLargeVocabulary(values.vocabulary);
  const { output, input } = vocabulary.tables;
  const bytes = new Uint8Array(output.rows * output.columns * 2);
  await output.readRows(0, output.rows, bytes);
  const model = await openModel(values.model);
  const transformer = await openTransformer(model.checkpoint);
  const encode = longestPrefixEncoder(vocabulary.tokenizer);
  const { documents } = await readText(values.text, { maxBytes: 300_000 });
  const sequences = [];
  for (const document of documents) {
    const tokens = (await encode(document)).subarray(0, transformer.contextLength);
    if (tokens.length > 4) sequences.push(tokens);
  }
  const perText = Math.ceil(Number(values.queries) / sequences.length);
  const asked = sequences.slice(0, Number(values.queries)).map((tokens) => ({
    tokens,
    positions: Uint32Array.from({ length: perText }, (_, i) =>
      Math.floor(((i + 1) * tokens.length) / (perText + 1)),
    ),
  }));
  const queries = [];
  const { width } = transformer;
  const onStates = async (states) => {
    for await (const { states: block } of states.blocks()) {
      for (let at = 0; at < block.length; at += width) queries.push(block.slice(at, at + width));
    }
  };
  await transformer.read([{ input, queries: asked, onStates }]);
  await transformer.close();
  await model.close();
  await vocabulary.close();
  const { rows, columns } = output;
  return {
    rows: matrixOfBytes({ rows, columns, dtype: "BF16" }, bytes),
    queries: queries.slice(0, Number(values.queries)),
  };
}
