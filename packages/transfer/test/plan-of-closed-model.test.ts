import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { OpenCheckpointOptions } from "@revocab/checkpoint";
import type { InitMethod, RowMethod } from "@revocab/core";
import { random, subtokenMean, univariateNormal, withFallback } from "@revocab/embedding-init";
import { readMatrix } from "@revocab/matrix";
import {
  explainToken,
  fitTokenizer,
  makePlan,
  openModel,
  openPlan,
  type PlannedSwap,
  savePlan,
  summarizePlan,
} from "@revocab/plan";
import { countedFiles } from "@revocab/test-support/counted-files";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import {
  applyPlan,
  applySavedPlan,
  editVocabulary,
  planVocabularyEdit,
  swapTokenizer,
} from "@revocab/transfer";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

const scratch = scratchFolders();

/** Each new token becomes the row of its id, read from the model's file only when the row is needed. */
const lateRows: RowMethod = {
  kind: "rows",
  name: "late-rows",
  differsByRole: false,
  coversAll: true,
  options: {},
  prepare: async () => ({
    async rows(tokens, { matrix }) {
      const { columns } = matrix;
      const data = new Float32Array(tokens.length * columns);
      for (const [i, token] of tokens.entries())
        data.set((await readMatrix(matrix, token % matrix.rows, 1)).data, i * columns);
      return { rows: tokens.length, columns, data };
    },
  }),
};

const METHODS: readonly (readonly [string, InitMethod])[] = [
  ["sums alone", subtokenMean()],
  ["rows that are drawn", random()],
  ["rows by statistics of the model", univariateNormal()],
  ["rows that are read from the model late", lateRows],
];

/** Plans of one model, which is closed before they are returned. */
async function plansOfClosedModel(
  methods: readonly InitMethod[],
  options: OpenCheckpointOptions = {},
): Promise<PlannedSwap[]> {
  const model = await openModel(SAMPLE_MODEL, options);
  try {
    const target = await loadTokenizer(SAMPLE_TOKENIZER, { reading: "file" });
    const { tokenizer, fitting } = await fitTokenizer(target, model.tokenizer);
    const plans: PlannedSwap[] = [];
    for (const method of methods) plans.push(await makePlan({ model, tokenizer, fitting, method }));
    return plans;
  } finally {
    await model.close();
  }
}

async function applied(planned: Partial<PlannedSwap> & Pick<PlannedSwap, "plan">, out: string) {
  const model = await openModel(SAMPLE_MODEL);
  try {
    await applyPlan({ ...planned, model, out });
  } finally {
    await model.close();
  }
}

/** Two methods without rows; the first cannot be closed. */
function methodsToClose() {
  const closed: string[] = [];
  const method = (name: string, close: () => void): RowMethod => ({
    ...lateRows,
    name,
    coversAll: false,
    async prepare(context) {
      return { ...(await lateRows.prepare(context)), covers: () => false };
    },
    async close() {
      closed.push(name);
      close();
    },
  });
  const stuck = method("stuck", () => {
    throw new Error("stuck");
  });
  return { stuck, calm: method("calm", () => {}), closed };
}

describe("makePlan that fails", () => {
  it("closes the methods, and throws its own error even if one cannot be closed", async () => {
    const { stuck, calm, closed } = methodsToClose();
    const broken: RowMethod = { ...lateRows, prepare: () => Promise.reject(new Error("broken")) };
    await expect(plansOfClosedModel([withFallback(stuck, calm, broken)])).rejects.toThrow("broken");
    expect(closed).toEqual(["stuck", "calm"]);
  });
});

describe("a plan whose model is closed", () => {
  it.each(METHODS)("is looked at, cloned, saved and applied: %s", async (_, method) => {
    const folder = scratch();
    const at = (name: string) => join(folder, name);
    const [made] = await plansOfClosedModel([method]);
    await savePlan(made!, at("swap.plan"));
    await applied(made!, at("applied"));
    const cloned = { ...made!, plan: structuredClone(made!.plan) };
    await savePlan(cloned, at("cloned.plan"));
    await applied(cloned, at("cloned"));
    await made!.rowSource.close();
    expect(readFileSync(at("cloned.plan")).equals(readFileSync(at("swap.plan")))).toBe(true);
    expect(contentOf(at("cloned"))).toEqual(contentOf(at("applied")));

    const opened = await openPlan(at("swap.plan"));
    await opened.rowSource.close();
    expect(summarizePlan(made!.plan)).toEqual(summarizePlan(opened.plan));
    for (const id of [0, 5, 700]) expect(explainToken(made!.plan, id)).toEqual(explainToken(opened.plan, id));

    await applySavedPlan({ plan: at("swap.plan"), model: SAMPLE_MODEL, out: at("saved") });
    await swapTokenizer({ model: SAMPLE_MODEL, tokenizer: SAMPLE_TOKENIZER, method, out: at("swapped") });
    expect(contentOf(at("applied"))).toEqual(contentOf(at("swapped")));
    expect(contentOf(at("saved"))).toEqual(contentOf(at("swapped")));
  });
});

describe("a swap or an edit that fails when its rows are planned", () => {
  it("leaves no file of the model open", async () => {
    const weights = countedFiles();
    // its statistics are read while it is planned, so the file is open by then
    const method = univariateNormal();
    const options = { model: SAMPLE_MODEL, weights, method, out: join(scratch(), "out") };
    const wrong = { ...options, tokenIds: { no_such_key: 5 } };
    const goneList = {
      path: "/gone",
      asWritten: false,
      pieces: [" marmalade"],
      addedTokens: [],
      renames: [],
    };
    const failing = [
      () => swapTokenizer({ ...wrong, tokenizer: SAMPLE_TOKENIZER }),
      () => editVocabulary({ ...wrong, addedTokens: ["<|tool|>"] }),
      () => editVocabulary({ ...options, list: goneList }),
      () => planVocabularyEdit({ ...options, list: goneList }),
    ];
    for (const fail of failing) {
      await expect(fail()).rejects.toMatchObject({ name: "RevocabError" });
      expect(weights.openFiles).toBe(0);
    }
  });
});

describe("a source of rows", () => {
  it("may be closed twice, and leaves the model to the other plans that read it", async () => {
    const weights = countedFiles();
    const [first, second] = await plansOfClosedModel([lateRows, lateRows], { weights });
    const row = await second!.rowSource.read("input", 0, 1);
    await first!.rowSource.close();
    await first!.rowSource.close();
    expect(weights.openFiles).toBe(1);
    expect(await second!.rowSource.read("input", 0, 1)).toEqual(row);
    await second!.rowSource.close();
    expect(weights.openFiles).toBe(0);
  });

  it("that cannot close one method closes the others and the model, and throws that error", async () => {
    const weights = countedFiles();
    const { stuck, calm, closed } = methodsToClose();
    const [made] = await plansOfClosedModel([withFallback(stuck, calm, lateRows)], { weights });
    await made!.rowSource.read("input", 0, 1);
    expect(weights.openFiles).toBe(1);
    await expect(made!.rowSource.close()).rejects.toThrow("stuck");
    expect(closed).toEqual(["stuck", "calm"]);
    expect(weights.openFiles).toBe(0);
  });

  it("of sums alone keeps no file of the model open", async () => {
    const weights = countedFiles();
    await plansOfClosedModel([subtokenMean()], { weights });
    expect(weights.openFiles).toBe(0);
  });

  it("of a plan file may be closed twice too", async () => {
    const file = join(scratch(), "swap.plan");
    const [made] = await plansOfClosedModel([random()]);
    await savePlan(made!, file);
    const { rowSource } = await openPlan(file);
    expect((await rowSource.read("input", 0, 1)).rows).toBe(1);
    await rowSource.close();
    await rowSource.close();
    await expect(rowSource.read("input", 0, 1)).rejects.toThrow();
  });

  it("is required by `applyPlan` where a plan has rows that are no sums, and only there", async () => {
    const [sums, drawn] = await plansOfClosedModel([subtokenMean(), random()]);
    const out = join(scratch(), "out");
    await expect(applied({ plan: drawn!.plan }, out)).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringMatching(/^the plan has 2128 rows for input that are no sums/),
      hint: expect.stringContaining("`rowSource`"),
    });
    expect(existsSync(out)).toBe(false);
    await applied({ plan: sums!.plan }, out);
    expect(existsSync(join(out, "revocab.json"))).toBe(true);
  });

  it("refuses rows that its plan does not have", async () => {
    const [made] = await plansOfClosedModel([random()]);
    const { ids } = made!.plan.tables[0]!.dense;
    for (const [slot, start] of [
      ["input", ids.length],
      ["output", 0],
    ] as const) {
      await expect(made!.rowSource.read(slot, start, 1)).rejects.toMatchObject({ code: "shape_mismatch" });
    }
    await made!.rowSource.close();
  });
});
