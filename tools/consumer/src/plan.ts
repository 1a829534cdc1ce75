import type { TablePlan } from "@revocab/core";
import { mean, subtokenMean } from "@revocab/embedding-init";
import {
  explainToken,
  makePlan,
  type OpenModel,
  type OpenPlan,
  openModel,
  openPlan,
  type PlanSummary,
  type SwapPlan,
  savePlan,
  type summarizePlan,
  type TokenExplanation,
} from "@revocab/transfer";
import { loadTokenizer } from "@revocab/vocabulary";
import { same } from "./same.js";

export async function plans(): Promise<void> {
  const model = await openModel("sample/model");
  same<typeof model, OpenModel>();
  const tokenizer = await loadTokenizer("sample/tokenizer");
  const plan = await makePlan({
    model,
    tokenizer,
    method: subtokenMean(),
    fallback: mean(),
    untie: true,
    padToMultipleOf: 64,
    seed: 1,
  });
  same<typeof plan, SwapPlan>();
  const [table] = plan.tables;
  same<typeof table, TablePlan | undefined>();
  same<typeof plan.recipe.padToMultipleOf, number | null>();
  // @ts-expect-error: the model is opened first
  await makePlan({ model: "sample/model", tokenizer, method: subtokenMean() });
  // @ts-expect-error: a method is needed
  await makePlan({ model, tokenizer });
  // @ts-expect-error: left out, or a role
  await makePlan({ model, tokenizer, method: subtokenMean(), role: undefined });
  // @ts-expect-error: a plan is not changed
  plan.recipe.seed = 2;

  same<typeof summarizePlan, (plan: SwapPlan) => PlanSummary>();
  same<ReturnType<typeof savePlan>, Promise<void>>();
  await savePlan(plan, "out/swap.plan", { force: true });
  const opened = await openPlan("out/swap.plan");
  same<typeof opened, OpenPlan>();
  const explained = explainToken(opened, 739);
  same<typeof explained, TokenExplanation>();
  same<(typeof explained.tables)[number]["sum"][number]["weight"], number>();
  await opened.close();
  await model.close();
}
