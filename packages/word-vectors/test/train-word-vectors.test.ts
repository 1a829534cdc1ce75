import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProgressEvent } from "@revocab/core";
import {
  type FastTextModel,
  type TrainWordVectorsOptions,
  trainWordVectors,
  vectorsOfModel,
} from "@revocab/word-vectors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const TOPICS = [
  ["sun", "rain", "cloud", "wind", "storm", "snow"],
  ["bread", "butter", "cheese", "apple", "honey", "soup"],
];

/** Sentences of ten words, each of one topic. */
function sentences(count: number): string[][] {
  let state = 1;
  const draw = (bound: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) % bound;
  };
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: 10 }, () => TOPICS[i % 2][draw(TOPICS[0].length)]),
  );
}

const SMALL = { dimension: 10, buckets: 500, job: { threads: 1 }, subsampling: 1, seed: 3 } as const;

function train(options: Partial<TrainWordVectorsOptions> = {}): Promise<FastTextModel> {
  return trainWordVectors({
    documents: sentences(60),
    ...SMALL,
    ...options,
    job: { ...SMALL.job, ...options.job },
  });
}

function cosine(a: Float32Array, b: Float32Array): number {
  const product = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

describe("trainWordVectors", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "train-word-vectors-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  for (const model of ["skipgram", "cbow"] as const) {
    it(`gives the same bytes for the same seed with one thread, and others for another seed (${model})`, async () => {
      const first = await train({ model });
      const again = await train({ model });
      const other = await train({ model, seed: 4 });
      expect(Buffer.compare(bytes(first.input), bytes(again.input))).toBe(0);
      expect(Buffer.compare(bytes(first.output), bytes(again.output))).toBe(0);
      expect(Buffer.compare(bytes(first.input), bytes(other.input))).not.toBe(0);
      expect(first.input.length).toBe((first.dictionary.words.length + 500) * 10);
      expect(first.output.length).toBe(first.dictionary.words.length * 10);
    });

    for (const threads of [1, 3])
      it(`puts words of one topic together (${model}, ${threads} threads)`, async () => {
        let started = 0;
        const count = () => started++;
        process.on("worker", count);
        const trained = await train({
          documents: sentences(600),
          model,
          job: { threads },
          epochs: 10,
          maxN: 0,
          minN: 0,
        });
        process.off("worker", count);
        expect(started).toBe(threads);
        const vectors = vectorsOfModel(trained);
        for (const [topic, words] of TOPICS.entries())
          for (const word of words) {
            const vector = vectors.vectorOf(word) as Float32Array;
            const similarity = (other: string) => cosine(vector, vectors.vectorOf(other) as Float32Array);
            const near = Math.min(...words.map(similarity));
            const far = Math.max(...TOPICS[1 - topic].map(similarity));
            expect(near, word).toBeGreaterThan(far + 0.2);
          }
      });
  }

  it("lowers the loss from epoch to epoch, and says so", async () => {
    const events: ProgressEvent[] = [];
    await train({ documents: sentences(400), epochs: 6, job: { onProgress: (event) => events.push(event) } });
    const losses = events
      .filter((event) => event.type === "note")
      .map((event) => Number(/^epoch \d of 6: loss ([\d.]+), \d+ words\/s$/.exec(event.message)?.[1]));
    expect(losses).toHaveLength(6);
    // at first every output row is 0: six examples at even odds
    expect(losses[0]).toBeLessThan(6 * Math.log(2));
    expect(losses[5]).toBeLessThan(losses[0] - 0.05);
    const last = events.findLast((event) => event.type === "progress" && event.unit === "tokens");
    expect(last).toMatchObject({ done: 6 * 400 * 11, total: 6 * 400 * 11 });
  });

  it("reads a file as the same lines of words", async () => {
    const file = join(folder, "lines.txt");
    const lines = sentences(60);
    writeFileSync(file, lines.map((line) => `${line.join(" \t\r")} \n`).join(""));
    const fromFile = await train({ documents: file });
    const fromLines = await train({ documents: lines });
    expect(fromFile.dictionary).toEqual(fromLines.dictionary);
    expect(fromFile.dictionary.words[0]).toBe("</s>");
    expect(fromFile.dictionary.counts[0]).toBe(60);
    expect(Buffer.compare(bytes(fromFile.input), bytes(fromLines.input))).toBe(0);
  });

  it("takes any strings as words, spaces and all", async () => {
    const documents = sentences(60).map((line) => line.map((word) => ` ${word} `));
    expect((await train({ documents })).dictionary.words).toContain(" sun ");
  });

  it("says in the model what it was trained with", async () => {
    const model = await train({ model: "cbow", maxN: 0, negatives: 2, window: 3 });
    expect(model.arguments).toEqual({
      model: "cbow",
      loss: "negative-sampling",
      dimension: 10,
      window: 3,
      epochs: 5,
      minCount: 5,
      negatives: 2,
      wordNgrams: 1,
      buckets: 0,
      minN: 3,
      maxN: 0,
      learningRateUpdateRate: 100,
      samplingThreshold: 1,
    });
    expect(model.input.length).toBe(model.dictionary.words.length * 10);
  });

  it("stops when asked to: before, and while it trains", async () => {
    await expect(train({ job: { abortSignal: AbortSignal.abort() } })).rejects.toMatchObject({
      code: "aborted",
    });
    const controller = new AbortController();
    const training = train({
      epochs: 100_000,
      job: {
        threads: 2,
        abortSignal: controller.signal,
        onProgress: (event) => {
          if (event.type === "progress" && event.unit === "tokens") controller.abort();
        },
      },
    });
    await expect(training).rejects.toMatchObject({ code: "aborted" });
  });

  it("refuses a text too small for minCount, with the counts", async () => {
    await expect(train({ documents: [["one", "two", "two"]] })).rejects.toMatchObject({
      code: "bad_text",
      message:
        "the text is too small for minCount 5: of its 3 different words (4 in all) none stands in it that often, " +
        "and training needs two; the most frequent stands in it 2 times",
      hint: "give more text, or a smaller minCount",
    });
    await expect(train({ documents: [] })).rejects.toMatchObject({ code: "bad_text" });
  });

  it("refuses a file that is missing or no UTF-8, empty words, and words without end", async () => {
    await expect(train({ documents: join(folder, "none.txt") })).rejects.toMatchObject({
      code: "missing_file",
    });
    await expect(train({ documents: folder })).rejects.toMatchObject({
      code: "bad_file",
      message: `${folder}: found a folder, expected a regular file`,
    });
    const file = join(folder, "latin1.txt");
    writeFileSync(file, Buffer.from("caf\xe9 noir\n".repeat(10), "latin1"));
    await expect(train({ documents: file })).rejects.toMatchObject({ code: "bad_text" });
    const endless = join(folder, "endless.txt");
    writeFileSync(endless, `a b ${"c".repeat(1e6)}`);
    await expect(train({ documents: endless })).rejects.toMatchObject({
      code: "bad_text",
      message: expect.stringContaining(`${endless} has a word of more than 262144 characters before byte `),
    });
    await expect(train({ documents: [["a"], ["b", ""]] })).rejects.toMatchObject({
      code: "bad_text",
      message: "word 2 of document 2 is an empty string",
    });
  });

  it("refuses more than one memory holds, and says what would fit", async () => {
    await expect(train({ dimension: 300, buckets: 5_000_000 })).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringMatching(/^13 words and 5000000 buckets of 300 values.*5\.59 GiB; .* 4 GiB$/),
      hint: expect.stringMatching(/^take at most 35[67]\d{4} buckets, or a smaller dimension$/),
    });
  });

  it("refuses options that make no sense", async () => {
    for (const options of [
      { dimension: 0 },
      { dimension: 2.5 },
      { minN: 4, maxN: 3 },
      { buckets: 0 },
      { learningRate: 0 },
      { subsampling: Number.NaN },
      { job: { threads: 0 } },
      { model: "glove" as "cbow" },
    ])
      await expect(train(options)).rejects.toMatchObject({ code: "bad_options" });
  });

  it("says when a learning rate lets the vectors grow without bounds", async () => {
    await expect(train({ learningRate: 1e30 })).rejects.toMatchObject({ code: "not_finite" });
  });
});

function bytes(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}
