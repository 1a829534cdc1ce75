/**
 * How fast rows are gathered and summed: `node tools/bench/gather-sum.mjs [--quick]`, after a build.
 *
 * GB/s are bytes as stored, of every source row read plus every target row written, over the time between the first block and
 * the last; E (in memory) is loaded before that and the loading is not counted. The copy, of 1 MiB pieces through 128 MiB, is
 * made between the products, in the same run, and counts bytes read plus bytes written. Medians, since the machine may be
 * busy; on a busy machine the column per CPU second (of the whole process, one worker) says what a core of its own would give.
 * "kernel" is the median over single kernel calls of 16 rows on this thread, each shorter than a time slice: what a worker
 * reaches while it is running. The plain twin is gatherSum + encodeInto on a part of the rows, decoding E not counted.
 */
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import {
  encodeInto,
  gatherSum,
  MixtureBuilder,
  multiplyMixture,
  randomStream,
} from "../../packages/matrix/dist/index.js";
import { compileKernels, instantiateKernels } from "../../packages/matrix/dist/kernels.js";

const { values: options } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const rows = 32_000;
const targets = 50_000;
const repeats = options.quick ? 1 : 3;

console.log(`${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}`);
console.log(
  `V ${rows}, n ${targets}, sources at random; GB/s, and the share of a memory copy in the same run`,
);
console.log(
  ["dtype", "d", "sources", "1 worker", "per CPU s", "2 workers", "kernel", "copy", "plain twin"]
    .map(cell)
    .join(""),
);
for (const dtype of ["F32", "BF16", "F16"]) {
  for (const columns of options.quick ? [2048] : [2048, 4096]) {
    for (const sources of [3, 10]) {
      const mixture = randomMixture(targets, sources);
      const source = constantMatrix(dtype, columns);
      const bytes = targets * (sources + 1) * columns * (dtype === "F32" ? 4 : 2);
      const copies = [];
      const rates = { 1: [], 2: [], cpu: [] };
      for (let repeat = 0; repeat < repeats; repeat++) {
        for (const threads of [1, 2]) {
          copies.push(...copyRates());
          const seconds = await secondsOfProduct({ mixture, source, threads });
          rates[threads].push(bytes / seconds.wall / 1e9);
          if (threads === 1) rates.cpu.push(bytes / seconds.cpu / 1e9);
        }
      }
      const copy = median(copies);
      const share = (rate) => `${rate.toFixed(1)} (${Math.round((100 * rate) / copy)} %)`;
      const figures = [
        share(median(rates[1])),
        share(median(rates.cpu)),
        share(median(rates[2])),
        share(kernelRate(dtype, columns, sources)),
        copy.toFixed(1),
      ];
      console.log(
        [dtype, columns, sources, ...figures, share(twinRate(dtype, columns, sources))].map(cell).join(""),
      );
    }
  }
}

/** Seconds from the delivery of the first block to that of the last, scaled to all rows: by the clock, and of all threads. */
async function secondsOfProduct({ mixture, source, threads }) {
  let first;
  let last;
  let cpu;
  let timed = 0;
  await multiplyMixture({
    mixture,
    source,
    job: { threads },
    onBlock(block) {
      last = performance.now();
      if (first === undefined) {
        first = last;
        cpu = process.cpuUsage();
      } else {
        timed += block.rows;
      }
    },
  });
  const used = process.cpuUsage(cpu);
  const scale = targets / timed;
  return { wall: ((last - first) / 1e3) * scale, cpu: ((used.user + used.system) / 1e6) * scale };
}

function kernelRate(dtype, columns, sources) {
  const rowBytes = columns * (dtype === "F32" ? 4 : 2);
  const [offsetsAt, pointersAt, weightsAt, outAt, tableAt] = [1, 2, 4, 8, 32].map(
    (mebibytes) => mebibytes << 20,
  );
  const end = tableAt + rows * rowBytes;
  const pages = Math.ceil(end / 65_536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const kernel = instantiateKernels(compileKernels(), memory)[`gather${dtype}`];
  new Uint16Array(memory.buffer, tableAt).fill(0x3c01);
  const blockRows = Math.floor((8 << 20) / rowBytes / 16) * 16;
  const mixture = randomMixture(blockRows, sources);
  new Uint32Array(memory.buffer, offsetsAt).set(mixture.offsets);
  new Float32Array(memory.buffer, weightsAt).set(mixture.weights);
  new Uint32Array(memory.buffer, pointersAt).set(mixture.sources.map((row) => tableAt + row * rowBytes));
  const rates = [];
  for (let row = 0, calls = 0; calls < 400; row = (row + 16) % blockRows, calls++) {
    const start = performance.now();
    kernel(16, columns, offsetsAt + row * 4, pointersAt, weightsAt, end, outAt + row * rowBytes);
    if (calls >= 100) rates.push((16 * (sources + 1) * rowBytes) / (performance.now() - start) / 1e6);
  }
  return median(rates);
}

function twinRate(dtype, columns, sources) {
  const part = 400;
  const mixture = randomMixture(part, sources, 2_000);
  const matrix = { rows: 2_000, columns, data: new Float32Array(2_000 * columns).fill(0.015625) };
  const bytes = new Uint8Array(part * columns * (dtype === "F32" ? 4 : 2));
  const rates = [];
  for (let repeat = 0; repeat < 5; repeat++) {
    const start = performance.now();
    encodeInto(dtype, gatherSum(mixture, matrix).data, bytes);
    rates.push((bytes.length * (sources + 1)) / (performance.now() - start) / 1e6);
  }
  return median(rates);
}

function copyRates() {
  const piece = 1 << 20;
  copyRates.from ??= Buffer.alloc(64 * piece, 1);
  copyRates.to ??= Buffer.alloc(64 * piece, 2);
  return Array.from({ length: 64 }, (_, i) => {
    const start = performance.now();
    copyRates.from.copy(copyRates.to, i * piece, i * piece, (i + 1) * piece);
    return (2 * piece) / (performance.now() - start) / 1e6;
  });
}

function randomMixture(count, sources, bound = rows) {
  const { uniform } = randomStream(1, sources);
  const builder = new MixtureBuilder();
  const weights = new Float32Array(sources).fill(1 / sources);
  for (let row = 0; row < count; row++) {
    builder.addRow(
      Array.from({ length: sources }, () => Math.floor(uniform() * bound)),
      weights,
    );
  }
  return builder.build();
}

/** 0x3c01 is about 0.008 as bf16 and 1.001 as f16: what the values are makes no difference to the kernels. */
function constantMatrix(dtype, columns) {
  return {
    rows,
    columns,
    dtype,
    async readRows(_start, _count, into) {
      new Uint16Array(into.buffer, into.byteOffset, into.length / 2).fill(0x3c01);
    },
  };
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function cell(text) {
  return String(text).padEnd(15);
}
