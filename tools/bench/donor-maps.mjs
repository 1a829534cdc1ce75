/**
 * What the maps from a donor's rows to a source's cost, and their parts beside ml-matrix:
 * `node tools/bench/donor-maps.mjs [--width 1024] [--source-width 512] [--anchors 8000] [--tokens 2000] [--threads 2] [--decompositions]`,
 * after a build.
 *
 * The rows are random, with variances that fall as 1/(1 + i) from column to column and a noisy turn between both sides. With
 * `--decompositions` ml-matrix computes the polar factor and the principal subspace too: minutes at 1,024 columns.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { applyAffineMap } from "../../packages/donor/dist/solvers/affine-map.js";
import { clpMap, clpRows } from "../../packages/donor/dist/solvers/clp.js";
import { orthogonalMap } from "../../packages/donor/dist/solvers/orthogonal-map.js";
import { subspaceIteration } from "../../packages/donor/dist/solvers/principal-subspace.js";
import { ridgeMap } from "../../packages/donor/dist/solvers/ridge-map.js";
import { leadingEigenvectors, randomStream } from "../../packages/matrix/dist/index.js";
import { openDenseProducts } from "../../packages/onnx/dist/index.js";
import { polarFactor } from "../../packages/onnx/dist/internal.js";

const { values: options } = parseArgs({
  options: {
    width: { type: "string", default: "1024" },
    "source-width": { type: "string", default: "512" },
    anchors: { type: "string", default: "8000" },
    tokens: { type: "string", default: "2000" },
    threads: { type: "string", default: "2" },
    decompositions: { type: "boolean", default: false },
  },
});
const [width, sourceWidth, count, tokens, threads] = [
  "width",
  "source-width",
  "anchors",
  "tokens",
  "threads",
].map((name) => Number(options[name]));

console.log(
  `${cpus()[0].model}, Node ${process.version}; donor ${width}, source ${sourceWidth}, ${count} anchors, ${tokens} tokens, ${threads} threads`,
);
const products = await openDenseProducts(threads);
const donor = fallingVariances(count, width, 1);
const rows = fallingVariances(tokens, width, 2);
const source = await noisyImage(donor);
const anchors = { donor, source };

const turn = await timed("orthogonal map", () => orthogonalMap(anchors, { products }));
await timed("rows by a map", () => applyAffineMap(turn, rows));
await timed("ridge map", () => ridgeMap(anchors, { products }));
const clp = await timed("CLP map", () => clpMap(anchors, { products }));
await timed("CLP rows", () => clpRows(clp, rows));

const square = doubles(fallingVariances(width, width, 3));
const covariance = await products.multiply(square, square, { transposeLeft: true });
const polar = await timed("polar factor", () => polarFactor(square, products));
const found = await timed(`subspace of ${sourceWidth} axes`, () =>
  subspaceIteration(covariance, sourceWidth, products),
);
if (options.decompositions) {
  const exact = await timed("the same by eigenvectors", () => leadingEigenvectors(covariance, sourceWidth));
  console.log(`of the variance it holds ${((await held(found)) / (await held(exact.vectors))).toFixed(5)}`);
  const { Matrix, SingularValueDecomposition } = await import("ml-matrix");
  const factor = await timed("polar factor by singular values", () => {
    const of = new SingularValueDecomposition(Matrix.from1DArray(width, width, square.data));
    return of.leftSingularVectors.mmul(of.rightSingularVectors.transpose()).to1DArray();
  });
  const distance = factor.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - polar.factor.data[i])),
    0,
  );
  console.log(`largest difference ${distance.toExponential(1)}`);
}
await products.release();
console.log(`peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`);

async function timed(name, compute) {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const result = await compute();
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - start) / 1e3;
  console.log(`${name.padEnd(34)}${seconds.toFixed(1)} s, processor ${((user + system) / 1e6).toFixed(1)} s`);
  return result;
}

function fallingVariances(rows, columns, seed) {
  const stream = randomStream(seed, 0);
  const data = Float32Array.from(
    { length: rows * columns },
    (_, i) => stream.normal() / Math.sqrt(1 + (i % columns)),
  );
  return { rows, columns, data };
}

async function noisyImage(matrix) {
  const mixing = fallingVariances(width, sourceWidth, 4);
  const image = await products.multiply(matrix, mixing);
  const noise = fallingVariances(count, sourceWidth, 5);
  return { ...image, data: image.data.map((value, i) => value + 0.3 * noise.data[i]) };
}

function doubles({ rows, columns, data }) {
  return { rows, columns, data: Float64Array.from(data) };
}

async function held(axes) {
  const image = await products.multiply(covariance, axes);
  return image.data.reduce((sum, value, i) => sum + value * axes.data[i], 0);
}
