import { describe, expect, it } from "vitest";
import { LINE_END, readTrainingCorpus } from "../src/train/training-corpus.ts";
import { compileTrainingKernels, trainingKernels } from "../src/train/training-kernels.ts";
import { trainingMemory } from "../src/train/training-memory.ts";
import { type TrainWordVectorsOptions, trainingNumbers } from "../src/train/training-options.ts";
import { keepThresholds, negativeTable, subwordTable } from "../src/train/training-tables.ts";
import { trainNaively } from "./train-naively.ts";

const LINES = ["walked walking walk talk talks", "banana bananas talk walk walked nananana", "walk"];

async function prepare(options: Omit<TrainWordVectorsOptions, "documents">) {
  const numbers = trainingNumbers({
    documents: [],
    minCount: 1,
    epochs: 1,
    job: { ...options.job, threads: 1 },
    ...options,
  });
  const words = LINES.map((line) => [...line.split(" "), LINE_END]);
  const corpus = await readTrainingCorpus(
    (async function* () {
      yield* words;
    })(),
    numbers,
  );
  const shared = trainingMemory(corpus, numbers);
  const settings = shared.settings(0);
  const kernels = trainingKernels(compileTrainingKernels(), shared.memory, settings);
  const stride = settings.rowBytes / 4;
  const matrix = (address: number, rows: number) =>
    new Float32Array(shared.memory.buffer, address, rows * stride);
  return { numbers, corpus, shared, settings, kernels, stride, matrix };
}

const rowsOf = (values: Float32Array, stride: number, d: number) =>
  Array.from({ length: values.length / stride }, (_, row) => [
    ...values.subarray(row * stride, row * stride + d),
  ]);

describe("the training kernels", () => {
  for (const model of ["skipgram", "cbow"] as const)
    for (const dimension of [4, 6, 21])
      it(`move all rows as the plain steps of ${model} do, with shared buckets, at width ${dimension}`, async () => {
        const { numbers, corpus, shared, settings, kernels, stride, matrix } = await prepare({
          model,
          dimension,
          minN: 2,
          maxN: 4,
          buckets: 23, // n-grams share buckets, within a word and between words
          window: 3,
          negatives: 3,
          subsampling: 0.02,
          learningRate: 0.4,
          learningRateUpdateRate: 0,
        });
        const inputRows = corpus.words.length + 23;
        kernels.fillUniform(0, inputRows, dimension, 0.5, 7n);
        const input = matrix(settings.input, inputRows);
        const output = matrix(settings.output, corpus.words.length);
        for (let row = 0; row < corpus.words.length; row++)
          for (let i = 0; i < dimension; i++) output[row * stride + i] = Math.sin(row * 31 + i * 7);
        const table = subwordTable(corpus.words, numbers);
        const naive = {
          input: rowsOf(input, stride, dimension),
          output: rowsOf(output, stride, dimension),
          rows: corpus.words.map((_, word) => [
            ...table.rows.subarray(table.starts[word], table.starts[word + 1]),
          ]),
          keepThresholds: keepThresholds(corpus.counts, corpus.tokenCount, 0.02),
          negativeTable: negativeTable(corpus.counts),
        };
        const before = naive.input.map((row) => [...row]);
        const ids = LINES.map((line) =>
          [...line.split(" "), LINE_END].map((word) => corpus.words.indexOf(word)),
        );
        const loss = trainNaively(naive, ids, numbers, 99n);

        new Uint32Array(shared.memory.buffer, shared.tokensAddress(0)).set(corpus.tokens);
        kernels.seedRandom(99n);
        expect(kernels.trainLines(shared.tokensAddress(0), corpus.tokens.length, true)).toBe(
          corpus.tokens.length,
        );

        const largest = (a: number[][], b: number[][]) =>
          Math.max(...a.flatMap((row, i) => row.map((value, j) => Math.abs(value - b[i][j]))));
        expect(largest(naive.input, before)).toBeGreaterThan(0.05);
        expect(largest(rowsOf(input, stride, dimension), naive.input)).toBeLessThan(1e-5);
        expect(largest(rowsOf(output, stride, dimension), naive.output)).toBeLessThan(1e-5);
        expect(Math.abs(shared.meanLosses()[0] - loss)).toBeLessThan(1e-3);
        const released = shared.release();
        expect(largest(rowsOf(released.input, dimension, dimension), naive.input)).toBeLessThan(1e-5);
        expect(largest(rowsOf(released.output, dimension, dimension), naive.output)).toBeLessThan(1e-5);
      });

  it("leave a line without its end for the next call, unless the text is over", async () => {
    const { corpus, shared, kernels } = await prepare({ dimension: 4, buckets: 10 });
    const address = shared.tokensAddress(0);
    new Uint32Array(shared.memory.buffer, address).set(corpus.tokens);
    const firstLine = LINES[0].split(" ").length + 1;
    expect(kernels.trainLines(address, firstLine + 3, false)).toBe(firstLine);
    expect(kernels.trainLines(address, firstLine + 3, true)).toBe(firstLine + 3);
  });

  it("cut a line behind its 1,025th word", async () => {
    const { corpus, shared, kernels } = await prepare({ dimension: 4, buckets: 10, epochs: 1000 });
    const address = shared.tokensAddress(0);
    new Uint32Array(shared.memory.buffer, address, 3000).fill(corpus.words.indexOf("walk"));
    expect(kernels.trainLines(address, 1024, false)).toBe(0);
    expect(kernels.trainLines(address, 1025, false)).toBe(1025);
    expect(kernels.trainLines(address, 2060, false)).toBe(2050);
  });

  it("fill rows evenly between ±1/d, whoever fills which", async () => {
    const { settings, kernels, stride, matrix } = await prepare({ dimension: 6, buckets: 2000 });
    const values = () => rowsOf(matrix(settings.input, 2000), stride, 6);
    kernels.fillUniform(0, 2000, 6, 1 / 6, 5n);
    const whole = values();
    kernels.fillUniform(0, 2000, 6, 1 / 6, 6n);
    expect(values()).not.toEqual(whole);
    kernels.fillUniform(700, 2000, 6, 1 / 6, 5n);
    kernels.fillUniform(0, 700, 6, 1 / 6, 5n);
    expect(values()).toEqual(whole);
    const all = whole.flat();
    expect(Math.max(...all.map(Math.abs))).toBeLessThanOrEqual(Math.fround(1 / 6));
    expect(Math.abs(all.reduce((sum, value) => sum + value, 0) / all.length)).toBeLessThan(0.005);
    // the variance of U(-a, a) is a² / 3
    const variance = all.reduce((sum, value) => sum + value * value, 0) / all.length;
    expect(variance * 36 * 3).toBeCloseTo(1, 1);
    expect(new Set(all).size).toBeGreaterThan(11_900);
  });
});
