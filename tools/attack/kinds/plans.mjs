import { join } from "node:path";
import { random as randomRows, subtokenMean } from "../../../packages/embedding-init/dist/index.js";
import { explainToken, openPlan, savePlan, summarizePlan } from "../../../packages/plan/dist/index.js";
import { applySavedPlan, planTokenizerSwap } from "../../../packages/transfer/dist/index.js";
import { folderFiles, made, tinyModel, tinyTokenizer, writeFolder } from "../inputs.mjs";
import { damagedFolder } from "../mutate-file.mjs";

export default async function plans(inputs) {
  const model = await made(inputs, "model", (place) => writeFolder(place, tinyModel("llama-tied")));
  const tokenizer = await made(inputs, "target", (place) => writeFolder(place, tinyTokenizer(20)));
  const saved = await made(inputs, "plans", async (place) => {
    writeFolder(place, {});
    for (const [name, method] of Object.entries({ sums: subtokenMean(), rows: randomRows() })) {
      const planned = await planTokenizerSwap({ model, tokenizer, method });
      await savePlan(planned, join(place, `${name}.plan`));
      await planned.rowSource.close();
    }
  });
  const seeds = Object.values(folderFiles(saved)).map((content, place) => ({
    name: `plan ${place}`,
    files: { "swap.plan": content },
    attacked: ["swap.plan"],
  }));
  return {
    seeds,
    mutant: (random) => damagedFolder(random, seeds),
    read: (folder, _, random) => readPlan(folder, model, random),
  };
}

/** What `inspect`, `explain` and `apply` do with a plan. */
async function readPlan(folder, model, random) {
  const path = join(folder, "swap.plan");
  const { plan, rowSource } = await openPlan(path);
  try {
    summarizePlan(plan);
    for (let id = 0; id < Math.min(plan.target.rows, 20); id++) explainToken(plan, id);
  } finally {
    await rowSource.close();
  }
  if (!random.oneIn(4)) return plan.notes;
  const { notes } = await applySavedPlan({
    plan: path,
    model,
    out: join(folder, "../out"),
    job: { threads: 1 },
  });
  return notes;
}
