import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { InitMethod } from "@revocab/core";
import { multivariateNormal, random, subtokenMean } from "@revocab/embedding-init";
import { explainToken, findToken, openPlan, type SwapPlan, savePlan, summarizePlan } from "@revocab/plan";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { planTokenizerSwap } from "@revocab/transfer";
import { describe, expect, it } from "vitest";

const scratch = scratchFolders();
const inputs = { model: SAMPLE_MODEL, tokenizer: SAMPLE_TOKENIZER };

async function savedPlan(method: InitMethod = subtokenMean()): Promise<string> {
  const file = join(scratch(), "swap.plan");
  await planTokenizerSwap({ ...inputs, method }, (plan) => savePlan(plan, file));
  return file;
}

describe("a plan file", () => {
  it("gives back every weight, label, count and token it was made from", async () => {
    const file = join(scratch(), "swap.plan");
    await planTokenizerSwap({ ...inputs, method: subtokenMean() }, async (plan) => {
      await savePlan(plan, file);
      const opened = await openPlan(file);
      try {
        expect(summarizePlan(opened)).toEqual(summarizePlan(plan));
        for (const [i, table] of plan.tables.entries()) {
          expect(opened.tables[i]?.mixture).toEqual(table.mixture);
          expect(opened.tables[i]?.basis).toEqual(table.basis);
          expect(opened.tables[i]?.origin).toEqual(table.origin);
        }
        expect(opened.target.fingerprint).toBe(plan.target.fingerprint);
        for (const id of [0, 5, 700]) expect(explainToken(opened, id)).toEqual(explainToken(plan, id));
      } finally {
        await opened.close();
      }
    });
  });

  it("gives back rows that are no sum, block by block", async () => {
    const file = join(scratch(), "swap.plan");
    await planTokenizerSwap({ ...inputs, method: random() }, async (plan) => {
      await savePlan(plan, file);
      const opened = await openPlan(file);
      try {
        const rows = (from: SwapPlan) => from.tables[0]?.dense.read(3, 5);
        expect(plan.tables[0]?.dense.ids.length).toBeGreaterThan(2000);
        expect(opened.tables[0]?.dense.ids).toEqual(plan.tables[0]?.dense.ids);
        expect(await rows(opened)).toEqual(await rows(plan));
      } finally {
        await opened.close();
      }
    });
  });

  it("is the same bytes each time", async () => {
    const [one, two] = [await savedPlan(multivariateNormal()), await savedPlan(multivariateNormal())];
    expect(readFileSync(one).equals(readFileSync(two))).toBe(true);
  });

  it("is refused when it exists already, and left as it was", async () => {
    const file = join(scratch(), "swap.plan");
    writeFileSync(file, "mine");
    const save = planTokenizerSwap({ ...inputs, method: subtokenMean() }, (plan) => savePlan(plan, file));
    await expect(save).rejects.toMatchObject({ code: "output_exists" });
    expect(readFileSync(file, "utf8")).toBe("mine");
  });

  it("leaves nothing behind when its writing is stopped", async () => {
    const folder = scratch();
    const abortSignal = AbortSignal.abort();
    const save = planTokenizerSwap({ ...inputs, method: subtokenMean() }, (plan) =>
      savePlan(plan, join(folder, "swap.plan"), { job: { abortSignal } }),
    );
    await expect(save).rejects.toThrow();
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
    const plan = await openPlan(await savedPlan());
    try {
      const butterfly = await findToken(plan, " butterfly");
      expect(explainToken(plan, butterfly)).toMatchObject({
        token: " butterfly",
        tables: [{ slot: "input", origin: "subtoken-mean", sum: [{ weight: 0.5 }, { weight: 0.5 }] }],
      });
      expect(explainToken(plan, await findToken(plan, "</s>"))).toMatchObject({ token: "</s>" });
      expect(await findToken(plan, "4711")).toBe(4711);
    } finally {
      await plan.close();
    }
  });

  it("says how the tokenizer writes a text that is no token", async () => {
    const plan = await openPlan(await savedPlan());
    try {
      await expect(findToken(plan, " butterfly castle")).rejects.toMatchObject({
        code: "bad_options",
        hint: expect.stringMatching(/butterfly.*castle/),
      });
    } finally {
      await plan.close();
    }
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
