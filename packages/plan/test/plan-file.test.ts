import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { InitMethod } from "@revocab/core";
import { multivariateNormal, random, subtokenMean } from "@revocab/embedding-init";
import { explainToken, findToken, openPlan, type PlannedSwap, savePlan, summarizePlan } from "@revocab/plan";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { planTokenizerSwap } from "@revocab/transfer";
import { describe, expect, it, onTestFinished } from "vitest";

const scratch = scratchFolders();
const inputs = { model: SAMPLE_MODEL, tokenizer: SAMPLE_TOKENIZER };

/** A plan of the sample; what its rows are computed from is closed with the test. */
async function planned(method: InitMethod = subtokenMean()): Promise<PlannedSwap> {
  return closedAtEnd(await planTokenizerSwap({ ...inputs, method }));
}

/** A plan in a file; the file is closed with the test. */
async function opened(file: string): Promise<PlannedSwap> {
  return closedAtEnd(await openPlan(file));
}

function closedAtEnd(planned: PlannedSwap): PlannedSwap {
  onTestFinished(() => planned.rowSource.close());
  return planned;
}

async function savedPlan(method: InitMethod = subtokenMean()): Promise<string> {
  const file = join(scratch(), "swap.plan");
  await savePlan(await planned(method), file);
  return file;
}

describe("a plan file", () => {
  it("gives back every weight, label, count and token it was made from", async () => {
    const file = join(scratch(), "swap.plan");
    const made = await planned();
    await savePlan(made, file);
    const { plan } = await opened(file);
    expect(summarizePlan(plan)).toEqual(summarizePlan(made.plan));
    for (const [i, table] of made.plan.tables.entries()) {
      expect(plan.tables[i]?.mixture).toEqual(table.mixture);
      expect(plan.tables[i]?.basis).toEqual(table.basis);
      expect(plan.tables[i]?.origin).toEqual(table.origin);
    }
    expect(plan.target.fingerprint).toBe(made.plan.target.fingerprint);
    for (const id of [0, 5, 700]) expect(explainToken(plan, id)).toEqual(explainToken(made.plan, id));
  });

  it("gives back rows that are no sum, block by block", async () => {
    const file = join(scratch(), "swap.plan");
    const made = await planned(random());
    await savePlan(made, file);
    const { plan, rowSource } = await opened(file);
    expect(made.plan.tables[0]?.dense.ids.length).toBeGreaterThan(2000);
    expect(plan.tables[0]?.dense).toEqual(made.plan.tables[0]?.dense);
    expect(await rowSource.read("input", 3, 5)).toEqual(await made.rowSource.read("input", 3, 5));
  });

  it("is the same bytes each time", async () => {
    const [one, two] = [await savedPlan(multivariateNormal()), await savedPlan(multivariateNormal())];
    expect(readFileSync(one).equals(readFileSync(two))).toBe(true);
  });

  it("is refused when it exists already, and left as it was", async () => {
    const file = join(scratch(), "swap.plan");
    writeFileSync(file, "mine");
    await expect(savePlan(await planned(), file)).rejects.toMatchObject({ code: "output_exists" });
    expect(readFileSync(file, "utf8")).toBe("mine");
  });

  it("leaves nothing behind when its writing is stopped", async () => {
    const folder = scratch();
    const abortSignal = AbortSignal.abort();
    const save = savePlan(await planned(), join(folder, "swap.plan"), { job: { abortSignal } });
    await expect(save).rejects.toMatchObject({ name: "RevocabError", code: "aborted" });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("openPlan refuses", () => {
  it("a model's safetensors file: it is no plan", async () => {
    await expect(openPlan(join(SAMPLE_MODEL, "model.safetensors"))).rejects.toMatchObject({
      code: "bad_plan",
      message: expect.stringContaining("is no plan"),
    });
  });

  it("a truncated file", async () => {
    const file = await savedPlan();
    truncateSync(file, readFileSync(file).length - 10);
    await expect(openPlan(file)).rejects.toMatchObject({ code: "bad_safetensors" });
  });

  it("another version, and says which it reads", async () => {
    const file = await savedPlan();
    const bytes = readFileSync(file);
    const at = bytes.indexOf('"version":"1"');
    bytes.write('"version":"9"', at);
    writeFileSync(file, bytes);
    await expect(openPlan(file)).rejects.toThrow(/version 9; this revocab reads version 1/);
  });

  it("sources beyond the source's rows, and target tokens that are not the plan's", async () => {
    const file = await savedPlan();
    const bytes = readFileSync(file);
    const { start, end } = placeOf(bytes, "input/sources");
    const broken = Buffer.from(bytes).fill(0xff, start, end);
    writeFileSync(file, broken);
    await expect(openPlan(file)).rejects.toMatchObject({ code: "bad_plan" });

    const tokenizer = placeOf(bytes, "target/tokenizer.json");
    const at = bytes.indexOf('"▁castle"', tokenizer.start);
    expect(at).toBeGreaterThan(0);
    bytes.write('"▁castlf"', at);
    writeFileSync(file, bytes);
    await expect(openPlan(file)).rejects.toMatchObject({
      code: "bad_plan",
      message: expect.stringContaining("target vocabulary"),
    });
  });
});

describe("findToken", () => {
  it("finds a token by its text, a special by its string, and any by its id", async () => {
    const { plan } = await opened(await savedPlan());
    const butterfly = await findToken(plan, " butterfly");
    expect(explainToken(plan, butterfly)).toMatchObject({
      token: " butterfly",
      tables: [{ slot: "input", origin: "subtoken-mean", sum: [{ weight: 0.5 }, { weight: 0.5 }] }],
    });
    expect(explainToken(plan, await findToken(plan, "</s>"))).toMatchObject({ token: "</s>" });
    expect(await findToken(plan, "4711")).toBe(4711);
  });

  it("says how the tokenizer writes a text that is no token", async () => {
    const { plan } = await opened(await savedPlan());
    await expect(findToken(plan, " butterfly castle")).rejects.toMatchObject({
      code: "bad_options",
      hint: expect.stringMatching(/butterfly.*castle/),
    });
  });
});

function placeOf(file: Buffer, tensor: string): { start: number; end: number } {
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + length).toString("utf8")) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  const [start, end] = header[tensor]?.data_offsets ?? [0, 0];
  return { start: 8 + length + start, end: 8 + length + end };
}
