import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { readSafetensorsHeader } from "@revocab/checkpoint";
import { buildHeader } from "@revocab/checkpoint/internal";
import type { Job } from "@revocab/core";
import { readText } from "@revocab/files";
import { readMatrix, storeMatrix } from "@revocab/matrix";
import { type OpenModel, openModel } from "@revocab/plan";
import { type TrainedRows, type TrainRowsOptions, trainRows } from "@revocab/rows-training";
import { keptDocuments } from "@revocab/rows-training/internal";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT } from "@revocab/test-support/sample";
import { type OpenTransformer, openTransformer, tablesOf } from "@revocab/transformer-runtime";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

const scratch = scratchFolders();
let model: OpenModel;
let transformer: OpenTransformer;
let documents: readonly string[];
let through: TrainedRows;

const STEPS = 6;
const train = (options: Partial<TrainRowsOptions> = {}): Promise<TrainedRows> =>
  trainRows({
    transformer,
    tables: tablesOf(model.checkpoint),
    tokenizer: model.readable,
    documents,
    budget: { kind: "steps", steps: STEPS },
    batchTokens: 200,
    heldOut: 0.2,
    ...options,
  });

beforeAll(async () => {
  model = await openModel(SAMPLE_MODEL);
  transformer = await openTransformer(model.checkpoint, { job: { threads: 1 } });
  ({ documents } = await readText(SAMPLE_TEXT));
  through = await train();
});

afterAll(async () => {
  await transformer.close();
  await model.close();
});

/** Everything but the time. */
const timeless = ({ tables, report: { seconds: _, ...report } }: TrainedRows) => ({
  tables: [...tables],
  report,
});

/** Raises the controller after so many steps. */
const heard = (after: number, controller: AbortController, abortSignal?: AbortSignal): Job => {
  let steps = 0;
  return {
    abortSignal,
    onProgress: ({ type, step }) =>
      type === "progress" && step === "train rows" && ++steps === after && controller.abort(),
  };
};

/** A file with a training that was stopped after so many steps. */
async function stopped(after: number, options: Partial<TrainRowsOptions> = {}): Promise<string> {
  const path = join(scratch(), "training.safetensors");
  const abort = new AbortController();
  const run = train({ state: { path }, job: heard(after, abort, abort.signal), ...options });
  await expect(run).rejects.toMatchObject({
    code: "aborted",
    message: expect.stringContaining(`is kept as it was after step ${after}, in ${path}`),
    hint: "run it again with the same options to go on",
  });
  return path;
}

describe("a training that was kept", () => {
  it("gives what it would have given in one go, however often it was stopped", async () => {
    const path = await stopped(2);
    const abort = new AbortController();
    const again = train({ state: { path }, job: heard(3, abort, abort.signal) });
    await expect(again).rejects.toMatchObject({ message: expect.stringContaining("after step 5, in") });
    const resumed = await train({ state: { path } });
    expect(timeless(resumed)).toEqual(timeless(through));
    expect(resumed.report.seconds).toBeGreaterThan(0);
  });

  it("gives it after it was told to end, too: the score of its end is no part of it", async () => {
    const path = join(scratch(), "training.safetensors");
    const finish = new AbortController();
    const ended = await train({ state: { path }, finishSignal: finish.signal, job: heard(3, finish) });
    expect(ended.report).toMatchObject({ ended: "told to", steps: 3 });
    expect(timeless(await train({ state: { path } }))).toEqual(timeless(through));
  });

  it("goes on from the last file after a crash between two of them", async () => {
    const path = join(scratch(), "training.safetensors");
    const [crash, early] = [new Error("power cut"), join(scratch(), "early.safetensors")];
    let steps = 0;
    const onProgress: NonNullable<Job["onProgress"]> = ({ type }) => {
      if (type !== "progress") return;
      if (++steps === 2) cpSync(path, early);
      if (steps === 5) throw crash;
    };
    await expect(train({ state: { path }, job: { onProgress } })).rejects.toBe(crash);
    for (const file of [path, early]) {
      expect(timeless(await train({ state: { path: file } }))).toEqual(timeless(through));
    }
  });

  it("is kept every three minutes, also where nothing was scored", async () => {
    const path = join(scratch(), "training.safetensors");
    const { metadata: first } = await readSafetensorsHeader(await stopped(1));
    expect(JSON.parse(String(first?.position))).toMatchObject({ steps: 1, measuredTokens: 0 });
    const start = performance.now();
    let minutes = 0;
    const now = vi.spyOn(performance, "now").mockImplementation(() => start + minutes * 60_000);
    const kept: number[] = [];
    const onProgress: NonNullable<Job["onProgress"]> = ({ type }) => {
      if (type !== "progress") return;
      minutes += 2;
      const bytes = readFileSync(path).subarray(8, 4000).toString("latin1");
      kept.push(Number(/\\"steps\\":(\d+)/.exec(bytes)?.[1]));
    };
    await train({ state: { path }, job: { onProgress }, heldOut: 0.5 }).finally(() => now.mockRestore());
    expect(kept.slice(0, 4)).toEqual([0, 0, 3, 3]);
  });

  it("counts the time and the tokens from before", async () => {
    const path = await stopped(2, { budget: { kind: "tokens", tokens: 1500 } });
    const { report } = await train({ state: { path }, budget: { kind: "tokens", tokens: 1500 } });
    expect(report.tokens).toBeGreaterThanOrEqual(1500);
    expect(report.tokens).toBeLessThan(1800);
    const hour = { kind: "time", seconds: 3600 } as const;
    const late = changed(await stopped(2, { budget: hour }), (position) => ({
      ...position,
      seconds: 3600,
    }));
    const ended = (await train({ state: { path: late }, budget: hour })).report;
    expect([ended.steps, ended.ended]).toEqual([2, "budget"]);
    expect(ended.seconds).toBeGreaterThan(3599);
  });

  it("is in a file that other programs can read, the text where it is asked for", async () => {
    const recipe = { written: "by hand" };
    const path = join(scratch(), "training.safetensors");
    await train({ state: { path, withDocuments: true, recipe } });
    const { metadata, tensors } = await readSafetensorsHeader(path);
    expect(tensors.map(({ name }) => name)).toEqual([
      "input",
      "input.first",
      "input.second",
      "input.best",
      "text",
    ]);
    expect(JSON.parse(String(metadata?.recipe))).toMatchObject({ budget: "steps 6", seed: 0, ...recipe });
    expect(await keptDocuments(path)).toEqual(documents);
    expect(await keptDocuments(join(scratch(), "none"))).toBeUndefined();
    // one that is over is over when it goes on
    const again = await train({ state: { path, withDocuments: true, recipe } });
    expect(timeless(again)).toEqual(timeless(through));
  });

  it("that can no longer be kept says so when it is stopped", async () => {
    const folder = join(scratch(), "disk");
    mkdirSync(folder);
    const abort = new AbortController();
    const onProgress: NonNullable<Job["onProgress"]> = ({ type }) => {
      if (type !== "progress") return;
      rmSync(folder, { recursive: true });
      abort.abort();
    };
    const state = { path: join(folder, "training.safetensors") };
    await expect(train({ state, job: { abortSignal: abort.signal, onProgress } })).rejects.toMatchObject({
      code: "aborted",
      message: expect.stringMatching(/; the training could not be kept: cannot write .*: ENOENT/),
    });
  });

  it("of two tables has the rows of both", async () => {
    const { input } = tablesOf(model.checkpoint);
    const output = storeMatrix(await readMatrix(input, 0, input.rows), input.dtype);
    const untied = { tables: { input, output } };
    const path = await stopped(3, untied);
    expect(timeless(await train({ ...untied, state: { path } }))).toEqual(timeless(await train(untied)));
  });

  it("with a teacher goes on with its weight", async () => {
    const teacher = { tables: tablesOf(model.checkpoint), tokenizer: model.readable };
    const path = await stopped(2, { teacher });
    expect(timeless(await train({ teacher, state: { path } }))).toEqual(timeless(await train({ teacher })));
  });
});

describe("rows that stay", () => {
  it("keep their values, in one table or in both", async () => {
    const { input } = tablesOf(model.checkpoint);
    const output = storeMatrix(await readMatrix(input, 0, input.rows), input.dtype);
    const learned = [...through.tables.get("input")!.ids];
    const half = new Set(learned.slice(0, 50));
    const frozen = { input: half, output: new Set(learned.slice(10)) };
    const { tables, report } = await train({ tables: { input, output }, frozen });
    expect([...tables.get("input")!.ids]).toEqual(learned.slice(50));
    expect(report.learned).toEqual({ input: learned.length - 50, output: 10 });
    expect(report.heldOut.after).toBeLessThanOrEqual(report.heldOut.before);
    const tied = await train({ frozen: { input: half, output: half } });
    expect(tied.report.learned).toEqual({ input: learned.length - 50 });
  });

  it("cannot be all that were chosen, and rows that are chosen must be there", async () => {
    const learned = new Set(through.tables.get("input")!.ids);
    await expect(train({ frozen: { input: learned, output: learned } })).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringMatching(/^found no row of the head that would learn: all of the \d+ /),
    });
    await expect(train({ learn: new Set([3, 1280]) })).rejects.toMatchObject({
      code: "bad_options",
      message: "the row 1280 is to learn, but the tables have the rows 0 … 1279",
    });
  });
});

describe("a training does not go on", () => {
  let path: string;
  let bytes: Buffer;
  beforeAll(async () => {
    bytes = readFileSync(await stopped(1));
  });
  beforeEach(() => {
    path = join(scratch(), "training.safetensors");
    writeFileSync(path, bytes);
  });

  it.each<[string, () => Promise<Partial<TrainRowsOptions>> | Partial<TrainRowsOptions>, RegExp]>([
    [
      "with another budget",
      () => ({ budget: { kind: "steps", steps: 7 } }),
      /its budget is "steps 6", here it is "steps 7"$/,
    ],
    ["with another seed", () => ({ seed: 1 }), /its seed is 0, here it is 1$/],
    ["with another rate", () => ({ rate: 0.01 }), /its rate is 0\.071, here it is 0\.01$/],
    ["with other rows that learn", () => ({ learn: "all" }), /its learn is "text", here it is "all"$/],
    [
      "on another text",
      () => ({ documents: [...documents, "The end of all."] }),
      /its text is "[0-9a-f]{16}", here /,
    ],
    ["with other rows", otherRows, /: its rows is "[0-9a-f]{16}", here it is "[0-9a-f]{16}"$/],
    [
      "with a teacher, where there was none",
      () => ({ teacher: { tables: tablesOf(model.checkpoint), tokenizer: model.readable } }),
      /its teacher is not there, here it is "[0-9a-f]{16}"$/,
    ],
  ])("%s", async (_, options, message) => {
    await expect(train({ ...(await options()), state: { path } })).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringMatching(message),
      hint: "name another file, or remove this one to begin again",
    });
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it.each<[string, (file: string) => void, string, RegExp]>([
    ["is cut short", (file) => truncateSync(file, 5000), "bad_safetensors", /is truncated$/],
    [
      "is no safetensors file",
      (file) => writeFileSync(file, "x".repeat(100)),
      "bad_safetensors",
      /says that its header has/,
    ],
    [
      "is another safetensors file",
      (file) => writeFileSync(file, buildHeader([], { format: "pt" })),
      "bad_options",
      /its format is "pt", not revocab-rows-training-1$/,
    ],
    [
      "has rows of another shape",
      (file) => rewritten(file, (header) => header.replace(/"shape":\[(\d+),(\d+)\]/, '"shape":[$2,$1]')),
      "bad_options",
      /its input is F32 \[(\d+),(\d+)\], expected F32 \[\2,\1\]$/,
    ],
    [
      "lacks rows",
      (file) => rewritten(file, (header) => header.replace('"input.best"', '"input.bent"')),
      "bad_options",
      /its input\.best is not there, expected F32 \[\d+,\d+\]$/,
    ],
    [
      "says steps without end",
      (file) => void changed(file, (position) => ({ ...position, steps: 1e300 })),
      "bad_options",
      /the position of the training in it cannot be read$/,
    ],
  ])("from a file that %s", async (_, damage, code, message) => {
    damage(path);
    await expect(train({ state: { path } })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      hint: "name another file, or remove this one to begin again",
    });
  });

  it("into a folder, or into one that is not there, and begins none", async () => {
    const folder = scratch();
    mkdirSync(join(folder, "state"));
    await expect(train({ state: { path: join(folder, "state") } })).rejects.toMatchObject({
      code: "bad_file",
    });
    const nowhere = join(folder, "none", "training.safetensors");
    await expect(train({ state: { path: nowhere } })).rejects.toMatchObject({ code: "write_failed" });
    expect(readdirSync(folder)).toEqual(["state"]);
    expect(existsSync(nowhere)).toBe(false);
  });
});

async function otherRows(): Promise<Partial<TrainRowsOptions>> {
  const { input } = tablesOf(model.checkpoint);
  const { data, ...shape } = await readMatrix(input, 0, input.rows);
  data[0] = (data[0] ?? 0) + 1;
  const other = storeMatrix({ ...shape, data }, input.dtype);
  return { tables: { input: other, output: other } };
}

/** The same file with another header, of the same length. */
function rewritten(file: string, change: (header: string) => string): string {
  const bytes = readFileSync(file);
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  const header = change(bytes.subarray(8, end).toString()).trimEnd();
  const padded = Buffer.from(header.padEnd(Math.ceil(header.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  writeFileSync(file, Buffer.concat([length, padded, bytes.subarray(end)]));
  return file;
}

function changed(file: string, change: (position: Record<string, unknown>) => object): string {
  return rewritten(file, (header) => {
    const { __metadata__: metadata, ...tensors } = JSON.parse(header) as Record<
      string,
      Record<string, string>
    >;
    const position = JSON.stringify(
      change(JSON.parse(String(metadata?.position)) as Record<string, unknown>),
    );
    return JSON.stringify({ __metadata__: { ...metadata, position }, ...tensors });
  });
}
