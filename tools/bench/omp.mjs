/**
 * How long orthogonal matching pursuit takes: `node tools/bench/omp.mjs [--new 30000] [--anchors 30000] [--width 1024]
 * [--source-width 2048] [--k 16 --k 64] [--clusters 2000] [--threads 2] [--memory GIB]`, after a build. One process for each k.
 *
 * Rows are random points about random centers (`--clusters 0`: about none, so that no two rows pick alike), of lengths from 1 to 3. The time is that of the
 * pursuit alone and, beside it, that of the new rows themselves, n sums of k of the source's rows. GF/s are 2 · n · k · A · d over
 * the time on the clock: what the plain algorithm would compute, which takes the product of every residual with every
 * anchor. Of ours they are a speed, not a number of operations.
 */
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openDenseProducts } from "@revocab/onnx";
import { orthogonalPursuit } from "../../packages/donor/dist/orthogonal-pursuit.js";
import {
  MixtureBuilder,
  multiplyMixture,
  randomStream,
  storedView,
} from "../../packages/matrix/dist/index.js";
import { measured } from "./measured.mjs";

const { values } = parseArgs({
  options: {
    new: { type: "string", default: "30000" },
    anchors: { type: "string", default: "30000" },
    width: { type: "string", default: "1024" },
    "source-width": { type: "string", default: "2048" },
    k: { type: "string", multiple: true, default: ["16", "64"] },
    clusters: { type: "string", default: "2000" },
    threads: { type: "string", default: String(availableParallelism()) },
    memory: { type: "string" },
    only: { type: "boolean", default: false },
  },
});
const [n, anchors, d, sourceWidth, clusters, threads] = [
  "new",
  "anchors",
  "width",
  "source-width",
  "clusters",
  "threads",
].map((name) => Number(values[name]));

if (values.only) console.log(JSON.stringify(await pursue(Number(values.k[0]))));
else {
  console.log(`${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}`);
  console.log(
    `${n} new tokens, ${anchors} anchors, d ${d} → ${sourceWidth}, ${clusters} clusters, ${threads} threads`,
  );
  for (const k of values.k) await report(Number(k));
}

async function report(k) {
  const { k: _, only: __, ...given } = values;
  const options = Object.entries(given).flatMap(([name, value]) => [`--${name}`, value]);
  const script = fileURLToPath(import.meta.url);
  const { output, peak } = await measured([process.execPath, script, ...options, "--k", String(k), "--only"]);
  const { seconds, processor, rows, error } = JSON.parse(output);
  const rate = (2 * n * k * anchors * d) / seconds / 1e9;
  console.log(
    `k ${k}: ${seconds.toFixed(1)} s (${processor.toFixed(1)} s of processor time), as fast as ${rate.toFixed(0)} GF/s of the plain algorithm; rows of the source ${rows.toFixed(1)} s; peak ${peak.toFixed(0)} MB; mean relative error ${error.toFixed(3)}`,
  );
}

async function pursue(k) {
  const atoms = clustered(anchors, d, 1);
  const targets = clustered(n, d, 2);
  const products = await openDenseProducts(threads, true);
  const builder = new MixtureBuilder();
  let error = 0;
  const [start, before] = [performance.now(), process.cpuUsage()];
  await orthogonalPursuit({
    atoms,
    count: n,
    read: async (from, count) => ({
      rows: count,
      columns: d,
      data: targets.data.subarray(from * d, (from + count) * d),
    }),
    k,
    products,
    onRow(_, found) {
      builder.addRow(found.picks, found.coefficients());
      error += found.relativeError / n;
    },
    ...(values.memory && { memoryLimit: Number(values.memory) * 2 ** 30 }),
    job: { threads },
    step: "match rows",
  });
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  await products.release();
  const source = storedView(clustered(anchors, sourceWidth, 3));
  const since = performance.now();
  await multiplyMixture({ mixture: builder.build(), source, job: { threads }, onBlock() {} });
  const rows = (performance.now() - since) / 1000;
  return { seconds, processor: (user + system) / 1e6, rows, error };
}

function clustered(count, columns, seed) {
  const centers = randomStream(7, columns);
  const means = Float32Array.from({ length: clusters * columns }, () => centers.normal());
  const { normal, uniform } = randomStream(seed, 1);
  const data = new Float32Array(count * columns);
  for (let row = 0; row < count; row++) {
    const center = Math.floor(uniform() * clusters) * columns;
    const length = 1 + 2 * uniform();
    for (let i = 0; i < columns; i++) {
      data[row * columns + i] = length * ((clusters > 0 ? means[center + i] : 0) + normal());
    }
  }
  return { rows: count, columns, data };
}
