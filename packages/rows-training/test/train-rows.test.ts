import type { Job, StoredMatrix } from "@revocab/core";
import { bitsPerByteOf } from "@revocab/evaluation";
import { readText } from "@revocab/files";
import { readMatrix, replacedRows, storeMatrix } from "@revocab/matrix";
import { type OpenModel, openModel } from "@revocab/plan";
import { type TrainedRows, type TrainRowsOptions, trainRows } from "@revocab/rows-training";
import { SAMPLE_MODEL, SAMPLE_TEXT } from "@revocab/test-support/sample";
import { type OpenTransformer, openTransformer, scoreTogether, tablesOf } from "@revocab/transformer-runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prepareText } from "../src/training-text.ts";

let model: OpenModel;
let transformer: OpenTransformer;
let documents: readonly string[];

beforeAll(async () => {
  model = await openModel(SAMPLE_MODEL);
  transformer = await openTransformer(model.checkpoint, { job: { threads: 1 } });
  ({ documents } = await readText(SAMPLE_TEXT));
});

afterAll(async () => {
  await transformer.close();
  await model.close();
});

const train = (options: Partial<TrainRowsOptions> = {}): Promise<TrainedRows> =>
  trainRows({
    transformer,
    tables: tablesOf(model.checkpoint),
    tokenizer: model.readable,
    documents,
    budget: { kind: "steps", steps: 6 },
    batchTokens: 300,
    heldOut: 0.2,
    ...options,
  });

/** The model's rows, half of each lost. */
async function worseTables() {
  const { input, output } = tablesOf(model.checkpoint);
  const worse = async (matrix: StoredMatrix) => {
    const { data, ...shape } = await readMatrix(matrix, 0, matrix.rows);
    return storeMatrix({ ...shape, data: data.map((value, i) => (i % 2 === 0 ? value : 0)) }, matrix.dtype);
  };
  const newInput = await worse(input);
  return { input: newInput, output: output === input ? newInput : await worse(output) };
}

const teacher = () => ({ tables: tablesOf(model.checkpoint), tokenizer: model.readable });

/** Everything but the time. */
const timeless = ({ tables, report: { seconds: _, ...report } }: TrainedRows) => ({
  tables: [...tables],
  report,
});

describe("training of rows", () => {
  it("betters the score of a text that was not trained on", async () => {
    const budget = { kind: "steps", steps: 12 } as const;
    const { heldOut, bestStep, ended } = (await train({ tables: await worseTables(), budget })).report;
    expect(heldOut.after).toBeLessThan(heldOut.before);
    expect(bestStep).toBeGreaterThan(0);
    expect(ended).toBe("budget");
  });

  it("says the score of the rows that it gives", async () => {
    const { tables: trained, report } = await train();
    const { input } = tablesOf(model.checkpoint);
    const { ids, rows } = trained.get("input")!;
    const written = replacedRows(input, ids, storeMatrix(rows, input.dtype));
    const { heldOut } = await prepareText({
      model: {
        kind: transformer.kind,
        contextLength: transformer.contextLength,
        vocabularySize: input.rows,
      },
      tokenizer: model.readable,
      documents,
      heldOut: 0.2,
      seed: 0,
    });
    const tables = { input: written, output: written };
    const [logarithms] = await scoreTogether(transformer, [{ tables, queries: heldOut.queries }]);
    expect(report.bestStep).toBeGreaterThan(0);
    expect(bitsPerByteOf(heldOut.scoreOf(logarithms, 1))).toBeCloseTo(report.heldOut.after, 6);
  });

  it("gives the same rows for the same seed, and others for another", async () => {
    const [one, two, other] = [await train(), await train(), await train({ seed: 1 })];
    expect(timeless(two)).toEqual(timeless(one));
    expect(timeless(other)).not.toEqual(timeless(one));
  });

  it("gives the same rows layer by layer", async () => {
    const layered = await openTransformer(model.checkpoint, { job: { threads: 1 }, layerByLayer: true });
    const [whole, byLayer] = [await train(), await train({ transformer: layered })];
    await layered.close();
    expect(timeless(byLayer)).toEqual(timeless(whole));
  });

  it("gives rows of the text's tokens, of those that were named, or of all", async () => {
    const { tables, report } = await train();
    const { input, output } = tablesOf(model.checkpoint);
    expect(input).toBe(output);
    expect([...tables.keys()]).toEqual(["input"]);
    const named = await train({ learn: new Set([300, 301, 302]) });
    expect(Array.from(named.tables.get("input")!.ids)).toEqual([300, 301, 302]);
    expect(named.report.learned.input).toBe(3);
    expect(report.learned.input).toBeLessThan(model.checkpoint.rows);
    const all = await train({ learn: "all", budget: { kind: "steps", steps: 1 } });
    expect(all.report.learned.input).toBe(model.checkpoint.rows);
  });

  it("keeps rows that both roles share within the longest row there was", async () => {
    const { input, output } = tablesOf(model.checkpoint);
    const tied = { input, output: input };
    const { tables } = await train({ tables: tied, rate: 2 });
    expect([...tables.keys()]).toEqual(["input"]);
    const { rows } = tables.get("input")!;
    const before = await readMatrix(input, 0, input.rows);
    const longest = (values: Float32Array) => {
      let most = 0;
      for (let at = 0; at < values.length; at += input.columns) {
        most = Math.max(most, Math.hypot(...values.subarray(at, at + input.columns)));
      }
      return most;
    };
    expect(output.rows).toBe(input.rows);
    expect(longest(rows.data)).toBeLessThanOrEqual(longest(before.data) * (1 + 1e-6));
  });

  it("follows a teacher: its states draw rows that were moved back to where they were", async () => {
    const budget = { kind: "steps", steps: 12 } as const;
    const { report } = await train({ tables: await worseTables(), teacher: teacher(), budget });
    expect(report.objective).toBe("distill");
    expect(report.heldOut.after).toBeLessThan(report.heldOut.before);
  });

  it("follows the likelihoods of a teacher, with the same layers or with layers of its own", async () => {
    const budget = { kind: "steps", steps: 12 } as const;
    const taught = { tables: await worseTables(), objective: "alm", budget } as const;
    const { report, tables } = await train({ ...taught, teacher: teacher() });
    expect(report.objective).toBe("alm");
    expect(report.heldOut.after).toBeLessThan(report.heldOut.before);
    const own = await openTransformer(model.checkpoint, { job: { threads: 1 }, layerByLayer: true });
    const other = await train({ ...taught, teacher: { ...teacher(), transformer: own } });
    await own.close();
    expect(timeless(other)).toEqual(timeless({ report, tables }));
  });

  it("ends when it is told to, with the best rows so far; and gives all up on the job's signal", async () => {
    const finish = new AbortController();
    const abort = new AbortController();
    const heard = (after: number, controller: AbortController): Job => {
      let steps = 0;
      return {
        abortSignal: abort.signal,
        onProgress: ({ step }) => step === "train rows" && ++steps === after && controller.abort(),
      };
    };
    const budget = { kind: "steps", steps: 50 } as const;
    const { report, tables } = await train({ budget, finishSignal: finish.signal, job: heard(2, finish) });
    expect([report.ended, report.steps, [...tables.keys()]]).toEqual(["told to", 2, ["input"]]);
    await expect(train({ budget, job: heard(2, abort) })).rejects.toMatchObject({ code: "aborted" });
  });

  it("ends by tokens and by time, too", async () => {
    const { report } = await train({ budget: { kind: "tokens", tokens: 700 } });
    expect(report.tokens).toBeGreaterThanOrEqual(700);
    expect(report.tokens).toBeLessThan(700 + 300);
    expect((await train({ budget: { kind: "time", seconds: 0.001 } })).report.steps).toBe(1);
  });

  it("gives the last good rows where the loss is no longer a number", async () => {
    const { report, tables } = await train({ rate: 1e40, budget: { kind: "steps", steps: 30 } });
    expect(report.ended).toBe("not finite");
    for (const { rows } of tables.values()) expect(rows.data.every(Number.isFinite)).toBe(true);
  });

  it("says the loss token by token as progress, and ends at the whole", async () => {
    const events: { done: number; total: number }[] = [];
    await train({ job: { onProgress: (event) => event.type === "progress" && events.push(event) } });
    const last = events.at(-1)!;
    expect(last.done).toBe(last.total);
  });
});

describe("training is refused", () => {
  it.each([
    ["a text too short to keep a part of it", { documents: ["Once upon a time."] }, "bad_text"],
    ["no text", { documents: [] }, "bad_text"],
    ["a budget of nothing", { budget: { kind: "steps", steps: 0 } as const }, "bad_options"],
    ["a rate below 0", { rate: -1 }, "bad_options"],
    ["a held-out part of all", { heldOut: 1 }, "bad_options"],
    ["likelihoods without a teacher", { objective: "alm" } as const, "bad_options"],
  ])("%s", async (_, options, code) => {
    await expect(train(options)).rejects.toMatchObject({ code });
  });

  it("a teacher that is not learned from, or whose hidden states mean nothing", async () => {
    const wrong = [
      { objective: "lm", teacher: teacher() },
      { objective: "distill", teacher: { ...teacher(), transformer } },
    ] as const;
    for (const options of wrong) await expect(train(options)).rejects.toMatchObject({ code: "bad_options" });
  });
});
