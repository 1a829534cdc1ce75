import type { RowSource, TablePlan } from "@revocab/core";
import { mean, subtokenMean } from "@revocab/embedding-init";
import {
  explainToken,
  type Inspection,
  type inspectPath,
  makePlan,
  type OpenModel,
  openModel,
  openPlan,
  type PlannedSwap,
  type PlanSummary,
  type PlanTarget,
  type SwapPlan,
  savePlan,
  type summarizePlan,
  type TokenExplanation,
  tokenizerOf,
} from "@revocab/plan";
import { loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import { same } from "./same.js";

export async function plans(): Promise<void> {
  const model = await openModel("sample/model");
  same<typeof model, OpenModel>();
  const tokenizer = await loadTokenizer("sample/tokenizer");
  const planned = await makePlan({
    model,
    tokenizer,
    method: subtokenMean(),
    fallback: mean(),
    untie: true,
    padToMultipleOf: 64,
    seed: 1,
  });
  same<typeof planned, PlannedSwap>();
  const { plan, rowSource } = planned;
  same<typeof plan, SwapPlan>();
  same<typeof rowSource, RowSource>();
  same<typeof plan.target, PlanTarget>();
  same<ReturnType<typeof tokenizerOf>, Tokenizer>();
  const clone = structuredClone(plan);
  await tokenizerOf(clone.target).encode("Once upon a time");
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
  await savePlan(planned, "out/swap.plan", { force: true });
  // @ts-expect-error: a plan may have rows that are no sum, so their source is saved with it
  await savePlan(plan, "out/swap.plan");
  const opened = await openPlan("out/swap.plan");
  same<typeof opened, PlannedSwap>();
  const explained = explainToken(opened.plan, 739);
  same<typeof explained, TokenExplanation>();
  same<(typeof explained.tables)[number]["sum"][number]["weight"], number>();
  await opened.rowSource.close();
  await rowSource.close();
  await model.close();
}

same<ReturnType<typeof inspectPath>, Promise<Inspection>>();
