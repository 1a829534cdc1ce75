import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProgressEvent, RevocabError } from "@revocab/core";
import { mean, methodCandidates } from "@revocab/embedding-init";
import { bitsPerByteOf, evaluateText } from "@revocab/evaluation";
import { readText } from "@revocab/files";
import { readMatrix, storeMatrix } from "@revocab/matrix";
import { type CompareOptions, compareMethods, evaluateModel, type MethodComparison } from "@revocab/measure";
import { fitTokenizer, makePlan, openModel } from "@revocab/plan";
import { produceTables } from "@revocab/plan/internal";
import { trainRows } from "@revocab/rows-training";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { languageModel, openTransformer } from "@revocab/transformer-runtime";
import { loadTokenizer } from "@revocab/vocabulary";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { trainTables } from "../src/train-tables.ts";

const scratch = scratchFolders();
const sample = { model: SAMPLE_MODEL, tokenizer: SAMPLE_TOKENIZER, text: SAMPLE_TEXT };
/** One thread: with two, the runtime may add up in another order. */
const job = { threads: 1 };
const stories = readFileSync(SAMPLE_TEXT, "utf8");

/** Another text than the one that is scored. */
const OTHER = stories.replaceAll("the", "a");

const compare = (names: readonly string[], options: Partial<CompareOptions> = {}) =>
  compareMethods({ ...sample, untie: true, job, choice: methodCandidates(names), after: 1, ...options });

/** Without what depends on the machine. */
const timeless = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, inner) => (/[sS]econds?$/.test(key) ? undefined : inner)));

describe("a comparison after training", () => {
  let documents: readonly string[];
  let comparison: MethodComparison;
  const events: ProgressEvent[] = [];

  beforeAll(async () => {
    const trainText = join(scratch(), "train.txt");
    writeFileSync(trainText, OTHER);
    ({ documents } = await readText(trainText));
    const onProgress = (event: ProgressEvent) => events.push(event);
    comparison = await compare(["mean", "subtoken-mean"], { trainText, job: { ...job, onProgress } });
  });

  it("scores every method before training as a comparison without training does", async () => {
    const before = await compare(["mean", "subtoken-mean"], { after: undefined });
    expect(before.methods.every(({ after }) => after === undefined)).toBe(true);
    expect(before.training).toBeUndefined();
    const without = comparison.methods.map(({ after, ...method }) => method);
    expect(timeless(without)).toEqual(timeless(before.methods));
    expect(timeless(comparison.source)).toEqual(timeless(before.source));
  });

  it("scores after it the rows that `trainRows` gives for the method's own, which a scratch file keeps as they are", async () => {
    const scored = comparison.methods[0];
    const { score, report } = await trainedMean(documents);
    expect(scored?.after?.evaluation.tokens).toBe(scored?.evaluation.tokens);
    expect(timeless(scored?.after?.training)).toEqual(timeless(report));
    expect(bitsPerByteOf(scored!.after!.evaluation)).toBeCloseTo(score, 9);
    expect(score).toBeLessThan(bitsPerByteOf(scored!.evaluation));
  });

  it("takes the method with the best score after training", () => {
    const scores = comparison.methods.map(({ after }) => bitsPerByteOf(after!.evaluation));
    expect(scores[comparison.best]).toBe(Math.min(...scores));
  });

  it("trains every method on the same text for the same steps, and tells of each under its name", () => {
    const { text, training, methods } = comparison;
    expect(text.bytes).toBe(2236);
    expect(training).toMatchObject({ steps: 1, text: { bytes: 2158, documents: 5 } });
    const reports = methods.map(({ after }) => after!.training);
    expect(reports.map(({ steps, seed }) => [steps, seed])).toEqual([
      [1, 0],
      [1, 0],
    ]);
    expect(new Set(reports.map(({ tokens }) => tokens)).size).toBe(1);
    const trained = events.filter(({ step }) => step.endsWith(": train rows")).map(({ step }) => step);
    expect([...new Set(trained)]).toEqual(["mean: train rows", "subtoken-mean: train rows"]);
  });
});

describe("a comparison after training on a part of its text", () => {
  it("scores a quarter of the documents and trains on all others", async () => {
    const text = join(scratch(), "stories.txt");
    writeFileSync(
      text,
      Array.from({ length: 12 }, (_, i) => `${10 + i}. ${stories.slice(0, 300)}`).join("<|endoftext|>"),
    );
    const { documents, bytes } = await readText(text);
    const { text: scored, training } = await compare(["mean"], { text });
    const trained = training!.text;
    expect(scored.documents + trained.documents).toBe(documents.length);
    expect(scored.bytes + trained.bytes).toBe(bytes);
    expect(scored.documents).toBe(3);
  });

  it.each([
    ["a text too short to be divided", { text: "Once upon a time." }],
    ["a text of which too little is left to train on", { text: `${stories.slice(0, 300)}\n` }],
    ["another text too short to train on", { trainText: "Once upon a time." }],
  ])("refuses %s before any row is computed", async (_, texts: Record<string, string>) => {
    const folder = scratch();
    const options = Object.entries(texts).map(([name, text]) => {
      writeFileSync(join(folder, name), text);
      return [name, join(folder, name)];
    });
    const steps: string[] = [];
    const onProgress = ({ step }: ProgressEvent) => steps.push(step);
    const run = compare(["mean"], { ...Object.fromEntries(options), job: { ...job, onProgress } });
    await expect(run).rejects.toMatchObject({ code: "bad_text" });
    expect(steps).toEqual([]);
  });
});

describe("in little memory", () => {
  afterEach(() => vi.restoreAllMocks());

  it("rows are trained to the same scores", async () => {
    // what else is in memory differs from moment to moment, by more than the model takes
    vi.spyOn(process.memoryUsage, "rss").mockReturnValue(100e6);
    const whole = await compare(["subtoken-mean"]);
    const notes: string[] = [];
    const onProgress = (event: ProgressEvent) => {
      if (event.type === "note") notes.push(event.message);
    };
    const layered = await compare(["subtoken-mean"], {
      job: { ...job, onProgress, memory: await leastMemory() },
    });
    expect(notes).toContainEqual(expect.stringMatching(/^layer by layer: /));
    const [before, after] = [whole, layered].map(({ methods: [method] }) => [
      bitsPerByteOf(method!.evaluation),
      bitsPerByteOf(method!.after!.evaluation),
    ]);
    for (const i of [0, 1]) expect(after?.[i]).toBeCloseTo(before?.[i] as number, 5);
  });
});

describe("wrong options", () => {
  it.each([0, 1.5, Number.NaN])("%d steps are refused", async (after) => {
    await expect(compare(["mean"], { after })).rejects.toMatchObject({
      code: "bad_options",
      message: `\`after\` is ${after}, expected a whole number of steps above 0`,
    });
  });

  it("a text to train on that has all that is scored is refused, and one that has a part is noted", async () => {
    await expect(compare(["mean"], { trainText: SAMPLE_TEXT })).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringContaining("5 of 5 documents of `text` are in `trainText`"),
    });
    const trainText = join(scratch(), "train.txt");
    writeFileSync(trainText, `${stories.split("<|endoftext|>")[0]}<|endoftext|>${OTHER}`);
    const { text } = await compare(["mean"], { trainText });
    expect(text.notes).toEqual([
      expect.stringMatching(/^1 of 5 documents of `text` are in `trainText`, too/),
    ]);
  });

  it("a text to train on without steps is refused", async () => {
    await expect(compare(["mean"], { after: undefined, trainText: SAMPLE_TEXT })).rejects.toMatchObject({
      code: "bad_options",
      hint: expect.stringContaining("`after`"),
    });
  });
});

/** Bits per byte of the sample text by rows of the method `mean` that are trained for a step, and what the training says. */
async function trainedMean(documents: readonly string[]) {
  const model = await openModel(SAMPLE_MODEL);
  const transformer = await openTransformer(model.checkpoint, { job });
  try {
    const target = await fitTokenizer(await loadTokenizer(SAMPLE_TOKENIZER), model.tokenizer, {});
    const planned = await makePlan({ model, ...target, method: mean(), untie: true });
    const { tables } = await produceTables(planned, model, { place: "memory" });
    const { tokenizer } = target;
    const budget = { kind: "steps", steps: 1 } as const;
    const options = { transformer, tables, tokenizer, documents, budget, job };
    const trained = await trainRows(options);
    const inFile = await trainTables(options, () => "file");
    const rows = await Promise.all(
      (["input", "output"] as const).map(async (slot) => {
        const { data } = await readMatrix(tables[slot], 0, tables[slot].rows);
        const { ids, rows } = trained.tables.get(slot)!;
        for (const [i, id] of ids.entries()) {
          data.set(rows.data.subarray(i * rows.columns, (i + 1) * rows.columns), id * rows.columns);
        }
        const stored = storeMatrix({ ...tables[slot], data }, tables[slot].dtype);
        expect(await readMatrix(inFile.tables[slot], 0, stored.rows)).toEqual(
          await readMatrix(stored, 0, stored.rows),
        );
        return stored;
      }),
    );
    await inFile.close();
    const own = languageModel(transformer, { ...tables, input: rows[0]!, output: rows[1]! });
    const scored = await evaluateText({
      model: own,
      tokenizer,
      documents: (await readText(SAMPLE_TEXT)).documents,
    });
    await own.close();
    return { score: bitsPerByteOf(scored), report: trained.report };
  } finally {
    await transformer.close();
    await model.close();
  }
}

/** A bound that one part of the sample model fits into, and all of it does not. */
async function leastMemory(): Promise<number> {
  const error = await evaluateModel({ ...sample, job: { memory: 1 } }).catch((cause: unknown) => cause);
  return 1e6 * Number(/takes at least (\d+) MB/.exec((error as RevocabError).message)?.[1]);
}
