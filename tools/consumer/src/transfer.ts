import { mean, subtokenMean } from "@revocab/embedding-init";
import { openModel, openPlan, type PlannedSwap, type PlanTraining } from "@revocab/plan";
import type { SwapReport } from "@revocab/report";
import {
  applyPlan,
  applySavedPlan,
  type EditReport,
  editVocabulary,
  type HealOptions,
  healModel,
  planTokenizerSwap,
  swapTokenizer,
} from "@revocab/transfer";
import { same } from "./same.js";

export async function swaps(): Promise<void> {
  const report = await swapTokenizer({
    model: "sample/model",
    tokenizer: "sample/tokenizer",
    method: subtokenMean(),
    fallback: mean(),
    out: "out/swapped",
    evaluate: { text: "sample/stories.txt" },
    chatTemplate: "auto",
    tokenIds: { bos_token_id: 1, pad_token_id: "keep" },
    languages: ["en"],
  });
  same<typeof report, SwapReport>();
  // @ts-expect-error: a place for the result is needed
  await swapTokenizer({ model: "sample/model", tokenizer: "sample/tokenizer", method: subtokenMean() });
  await swapTokenizer({
    model: "sample/model",
    tokenizer: "sample/tokenizer",
    method: subtokenMean(),
    out: "out/swapped",
    // @ts-expect-error: no such option
    dryRun: true,
  });

  const planned = await planTokenizerSwap({
    model: "sample/model",
    tokenizer: "sample/tokenizer",
    method: subtokenMean(),
  });
  same<typeof planned, PlannedSwap>();

  const [model, { plan, rowSource }] = [await openModel("sample/model"), await openPlan("out/swap.plan")];
  same<ReturnType<typeof applyPlan>, Promise<SwapReport>>();
  await applyPlan({ model, plan, rowSource, out: "out/applied", force: true });
  await applyPlan({ model, ...planned, out: "out/applied" });
  // a plan of sums alone needs no source of rows
  await applyPlan({ model, plan, out: "out/applied" });
  same<ReturnType<typeof applySavedPlan>, Promise<SwapReport>>();
  await applySavedPlan({ model: "sample/model", plan: "out/swap.plan", out: "out/applied" });
  // @ts-expect-error: a plan that was opened goes to `applyPlan`
  await applySavedPlan({ model: "sample/model", plan, out: "out/applied" });
}

export async function heals(): Promise<void> {
  const heal: HealOptions = {
    text: "sample/stories.txt",
    budget: { kind: "tokens", tokens: 2e6 },
    learn: "all",
  };
  const report = await healModel({
    ...heal,
    model: "out/swapped",
    out: "out/healed",
    rate: 0.005,
    context: 256,
  });
  same<typeof report, SwapReport>();
  same<typeof report.training, PlanTraining | undefined>();
  await swapTokenizer({
    model: "sample/model",
    tokenizer: "sample/tokenizer",
    method: subtokenMean(),
    heal: { text: "sample/stories.txt" },
    out: "out/swapped",
  });
  await healModel({ model: "out/swapped", teacher: "sample/model", out: "out/healed" });
  // @ts-expect-error: a model keeps its templates
  await healModel({ ...heal, model: "out/swapped", out: "out/healed", chatTemplate: "none" });
}

export async function edits(): Promise<void> {
  const report = await editVocabulary({
    model: "sample/model",
    pieces: [" butterfly"],
    addedTokens: [{ content: "<|tool|>", special: true }],
    method: subtokenMean(),
    out: "out/extended",
  });
  same<typeof report, EditReport>();
  same<(typeof report.added)[number]["id"], number>();
  // @ts-expect-error: the model keeps its own tokenizer
  await editVocabulary({ model: "sample/model", tokenizer: "t", method: mean(), out: "out/extended" });
}
