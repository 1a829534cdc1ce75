/**
 * How fast rows are compared with all rows of a matrix: `node tools/bench/compare-rows.mjs`, after a build.
 *
 * GF/s are 2 · m · n · d over the time of the whole product on one thread: reading (from memory), decoding, laying out and
 * copying the products out included. "kernel" is the median over single kernel calls of 64 × 64 rows, each shorter than a time
 * slice: what a core of its own would give on a busy machine. The plain twin is computed on a part of the rows.
 */
import { availableParallelism, cpus } from "node:os";
import { multiplyTransposed, randomStream, storeMatrix } from "../../packages/matrix/dist/index.js";
import { compileKernels, instantiateKernels, KERNEL_BYTES } from "../../packages/matrix/dist/kernels.js";
import { multiplyTransposedPlainly } from "../../packages/matrix/dist/multiply-transposed.js";

console.log(`${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}`);
console.log(["m", "n", "d", "dtype", "GF/s", "per CPU s", "kernel", "plain twin"].map(cell).join(""));
for (const [m, n, d, dtype] of [
  [100, 8000, 1024, "F32"],
  [1000, 8000, 1024, "BF16"],
  [1000, 8000, 4096, "BF16"],
]) {
  const left = normals(m, d);
  const right = storeMatrix(normals(n, d), dtype);
  const rates = [];
  const cpuRates = [];
  for (let repeat = 0; repeat < 3; repeat++) {
    const cpu = process.cpuUsage();
    const start = performance.now();
    await multiplyTransposed({ left, right, normalize: true, onBlock() {} });
    const used = process.cpuUsage(cpu);
    rates.push((2 * m * n * d) / (performance.now() - start) / 1e6);
    cpuRates.push((2 * m * n * d) / (used.user + used.system) / 1e3);
  }
  const figures = [median(rates), median(cpuRates), kernelRate(), twinRate(left, d)];
  console.log([m, n, d, dtype, ...figures.map((rate) => rate.toFixed(1))].map(cell).join(""));
}

function kernelRate(rows = 64, columns = 64, depth = 256) {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true });
  const { multiplyPanels } = instantiateKernels(compileKernels(), memory);
  const rightAt = KERNEL_BYTES + rows * depth * 4;
  const outAt = rightAt + columns * depth * 4;
  new Float32Array(memory.buffer, KERNEL_BYTES, (rows + columns) * depth).fill(0.5);
  const rates = Array.from({ length: 3000 }, () => {
    const start = performance.now();
    multiplyPanels(outAt, KERNEL_BYTES, rightAt, rows, columns, depth);
    return (2 * rows * columns * depth) / (performance.now() - start) / 1e6;
  });
  return median(rates.slice(1000));
}

function twinRate(left, depth) {
  const part = { rows: 100, columns: depth, data: left.data.subarray(0, 100 * depth) };
  const rates = Array.from({ length: 3 }, () => {
    const start = performance.now();
    multiplyTransposedPlainly(part, part);
    return (2 * 100 * 100 * depth) / (performance.now() - start) / 1e6;
  });
  return median(rates);
}

function normals(rows, columns) {
  const { normal } = randomStream(rows, columns);
  return { rows, columns, data: Float32Array.from({ length: rows * columns }, normal) };
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function cell(text) {
  return String(text).padEnd(12);
}
