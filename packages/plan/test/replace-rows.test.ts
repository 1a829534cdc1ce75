import { join } from "node:path";
import { BYTES_PER_VALUE, type InitMethod, type Matrix } from "@revocab/core";
import { random, subtokenMean } from "@revocab/embedding-init";
import { encodeInto } from "@revocab/matrix";
import {
  explainToken,
  type OpenModel,
  openModel,
  openPlan,
  type PlannedSwap,
  type PlanTraining,
  replaceRows,
  savePlan,
  summarizePlan,
} from "@revocab/plan";
import { produceTables, sourceOf } from "@revocab/plan/internal";
import { scratchFolders } from "@revocab/test-support/folders";
import { storedBytes } from "@revocab/test-support/plan-rows";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { planTokenizerSwap } from "@revocab/transfer";
import { describe, expect, it, onTestFinished } from "vitest";

const scratch = scratchFolders();
const COLUMNS = 128;
/** A special, a copied row, two neighbors and the last row of the sample's target. */
const IDS = Uint32Array.of(0, 40, 700, 701, 2999);

function rowsOf(ids: Uint32Array, add = 0): Matrix {
  const data = Float32Array.from({ length: ids.length * COLUMNS }, (_, i) => Math.fround(i / 1000 + add));
  return { rows: ids.length, columns: COLUMNS, data };
}

/** A plan of the sample with the rows of {@link IDS} replaced, and the plan that it was. */
async function replaced(method: InitMethod = subtokenMean()) {
  const model = await openModel(SAMPLE_MODEL);
  const before = await planTokenizerSwap({ model: SAMPLE_MODEL, tokenizer: SAMPLE_TOKENIZER, method });
  const after = replaceRows(before, model, new Map([["input", { ids: IDS, rows: rowsOf(IDS) }]]), "healed");
  onTestFinished(async () => {
    await after.rowSource.close();
    await model.close();
  });
  return { model, before, after };
}

/** The input table that would be written, in its own dtype. */
async function bytesOf(planned: PlannedSwap, model: OpenModel): Promise<Buffer> {
  const { tables, close } = await produceTables(planned, model, { place: "memory" });
  const bytes = Buffer.from(await storedBytes(tables.input));
  await close();
  return bytes;
}

const METHODS = [
  ["sums", subtokenMean()],
  ["rows that are no sums", random()],
] as const satisfies readonly (readonly [string, InitMethod])[];

describe("a plan with replaced rows", () => {
  it.each(METHODS)("has them, and all its other rows as they were: %s", async (_, method) => {
    const { model, before, after } = await replaced(method);
    const [old, now] = [await bytesOf(before, model), await bytesOf(after, model)];
    const { dtype } = sourceOf(model, "input");
    const rowBytes = COLUMNS * BYTES_PER_VALUE[dtype];
    const rowsIn = (bytes: Buffer) =>
      Array.from({ length: bytes.length / rowBytes }, (_, row) => row * rowBytes).map((start) =>
        bytes.subarray(start, start + rowBytes),
      );
    const oldRows = rowsIn(old);
    const changed = rowsIn(now).filter((row, id) => !row.equals(oldRows[id] as Buffer));
    expect(changed).toHaveLength(IDS.length);
    const given = Buffer.alloc(IDS.length * rowBytes);
    encodeInto(dtype, rowsOf(IDS).data, given);
    expect(Array.from(IDS, (id) => rowsIn(now)[id])).toEqual(rowsIn(given));
  });

  it.each(METHODS)("gives the same rows once it is saved and opened: %s", async (_, method) => {
    const { model, after } = await replaced(method);
    const file = join(scratch(), "healed.plan");
    await savePlan(after, file);
    const opened = await openPlan(file);
    onTestFinished(() => opened.rowSource.close());
    expect(summarizePlan(opened.plan)).toEqual(summarizePlan(after.plan));
    expect((await bytesOf(opened, model)).equals(await bytesOf(after, model))).toBe(true);
  });

  it("names the origin of these rows and counts them", async () => {
    const { before, after } = await replaced();
    const [table] = summarizePlan(after.plan).tables;
    expect(table?.origins.healed).toBe(IDS.length);
    expect(explainToken(after.plan, 700).tables).toEqual([
      { slot: "input", role: "input", origin: "healed", sum: [] },
    ]);
    expect(explainToken(after.plan, 702)).toEqual(explainToken(before.plan, 702));
  });

  it("can have rows replaced again, under the same origin", async () => {
    const { model, after } = await replaced();
    const ids = Uint32Array.of(700, 702);
    const again = replaceRows(after, model, new Map([["input", { ids, rows: rowsOf(ids, 7) }]]), "healed");
    expect(again.plan.tables[0]?.dense.ids).toEqual(Uint32Array.of(0, 40, 700, 701, 702, 2999));
    expect(summarizePlan(again.plan).tables[0]?.origins.healed).toBe(IDS.length + 1);
    const { data } = await again.rowSource.read("input", 1, 4);
    const firsts = [0, 1, 2, 3].map((row) => data[row * COLUMNS]);
    const old = rowsOf(IDS).data;
    const now = rowsOf(ids, 7).data;
    expect(firsts).toEqual([old[COLUMNS], now[0], old[3 * COLUMNS], now[COLUMNS]]);
  });

  it("keeps how they were trained, without the seconds that it took", async () => {
    const { after } = await replaced();
    const file = join(scratch(), "healed.plan");
    await savePlan({ ...after, plan: { ...after.plan, training: { ...TRAINING, seconds: 12.5 } } }, file);
    const { plan, rowSource } = await openPlan(file);
    await rowSource.close();
    expect(plan.training).toEqual(TRAINING);
    expect(summarizePlan(plan).training).toEqual(TRAINING);
  });
});

describe("rows are refused", () => {
  const given = (ids: readonly number[], rows: Matrix = rowsOf(Uint32Array.from(ids)), slot = "input") =>
    [[slot, { ids: Uint32Array.from(ids), rows }]] as const;

  it.each([
    ["for ids beyond the table", given([3, 4000]), "shape_mismatch", /the id 4000; it has rows 0 … \d+/],
    ["for ids out of order", given([4, 3]), "shape_mismatch", /ids do not ascend: 4, 3/],
    ["for other ids than theirs", given([3], rowsOf(IDS)), "shape_mismatch", /5 rows of 1 ids/],
    [
      "of another width",
      given([3], { rows: 1, columns: 2, data: new Float32Array(2) }),
      "shape_mismatch",
      /2 columns; it has 128/,
    ],
    ["for a table that the plan has not", given([3], undefined, "output"), "apply_mismatch", /needs output/],
  ])("%s", async (_, replacing, code, message) => {
    const { model, before } = await replaced();
    const replace = () => replaceRows(before, model, new Map(replacing), "healed");
    expect(replace).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });
});

const TRAINING: PlanTraining = {
  text: { name: "stories.txt", documents: 5, bytes: 2291, sha256: "0".repeat(64) },
  budget: { kind: "tokens", tokens: 2_000_000 },
  learn: "text",
  context: null,
  batchTokens: 512,
  objective: "lm",
  bestStep: 40,
  steps: 50,
  tokens: 20_000,
  rate: 0.01,
  seed: 0,
  learned: { input: 5 },
  heldOut: { bytes: 120, before: 2.5, after: 1.5 },
  ended: "budget",
};
