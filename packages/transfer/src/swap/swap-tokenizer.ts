import type { OpenCheckpointOptions } from "@revocab/checkpoint";
import type { InitMethod } from "@revocab/core";
import { type MeasuringSwap, type MethodContest, measureSwap, type ScoringOptions } from "@revocab/measure";
import { methodsOf, pickMethod } from "@revocab/measure/internal";
import {
  type FittingOptions,
  fitTokenizer,
  makePlan,
  type OpenModel,
  openModel,
  openPlan,
  type PlanOptions,
  type SwapPlan,
} from "@revocab/plan";
import { closingMethods } from "@revocab/plan/internal";
import type { SwapReport } from "@revocab/report";
import { loadTokenizer } from "@revocab/vocabulary";
import { type ApplyOptions, applyPlan } from "./apply-plan.ts";
import { checkOutputPlace } from "./stage-output.ts";

/** {@link PlanOptions} with paths in place of what is opened. */
export type PlanSwapOptions = Omit<
  PlanOptions,
  "model" | "tokenizer" | "method" | "transformer" | "fitting"
> &
  FittingOptions &
  OpenCheckpointOptions & {
    /** Fills the rows of tokens the two vocabularies do not share, or several of which the best on a text does. */
    readonly method: InitMethod | MethodContest;
    /** Model folder: config.json, safetensors, tokenizer.json. */
    readonly model: string;
    /** Tokenizer folder, tokenizer.json or SentencePiece `.model`. */
    readonly tokenizer: string;
  };

export type SwapOptions = PlanSwapOptions &
  Omit<ApplyOptions, "plan" | "model" | "measuring" | "comparison" | "edit" | "template"> &
  Measured;

/** Asks for a measurement of what the swap costs. */
interface Measured {
  /** Score a text with the model before and after. @default nothing is measured */
  readonly evaluate?: Omit<ScoringOptions, "abortSignal" | "onProgress">;
}

/**
 * Gives the model in a folder another tokenizer and writes the result to `out`: plan, apply, check, rename.
 *
 * @example
 * await swapTokenizer({ model: "./model", tokenizer: "./tokenizer", method: subtokenMean(), out: "./out" });
 */
export async function swapTokenizer(options: SwapOptions): Promise<SwapReport> {
  await checkOutputPlace({ ...options, inputs: [options.model, options.tokenizer] });
  return withModelAndMethods(options, async (model) => {
    const target = await fitTokenizer(
      await loadTokenizer(options.tokenizer, { reading: "file" }),
      model.tokenizer,
      options,
    );
    const picked = await pickMethod(options.method, { ...options, ...target, model });
    const measuring = await measured(model, options);
    model.hashes().catch(() => {}); // the report awaits them; they take long enough to begin now
    const plan = await makePlan({ ...options, ...picked, ...target, model });
    const { template } = target;
    return applyPlan({ ...options, ...picked, ...measuring, ...(template && { template }), plan, model });
  });
}

/** Makes the plan of a swap and hands it to `use` while the model is open: rows that are no sum are read from it. */
export function planTokenizerSwap<Result>(
  options: PlanSwapOptions,
  use: (plan: SwapPlan) => Result | Promise<Result>,
): Promise<Result> {
  return withModelAndMethods(options, async (model) => {
    const target = await fitTokenizer(
      await loadTokenizer(options.tokenizer, { reading: "file" }),
      model.tokenizer,
      options,
    );
    const { method } = await pickMethod(options.method, { ...options, ...target, model });
    return use(await makePlan({ ...options, ...target, method, model }));
  });
}

/** Rewrites a model by a plan file. */
export async function applySavedPlan(
  options: Omit<ApplyOptions, "plan" | "model" | "measuring" | "edit" | "template"> &
    Measured &
    OpenCheckpointOptions & { plan: string; model: string },
): Promise<SwapReport> {
  await checkOutputPlace({ ...options, inputs: [options.model, options.plan] });
  const plan = await openPlan(options.plan);
  try {
    return await withModel(options, async (model) => {
      const measuring = await measured(model, options);
      model.hashes().catch(() => {});
      return applyPlan({ ...options, ...measuring, plan, model });
    });
  } finally {
    await plan.close();
  }
}

/** Scores the model before it is rewritten, where that is asked for. */
export async function measured(
  model: OpenModel,
  { evaluate, abortSignal, onProgress }: Measured & Pick<ApplyOptions, "abortSignal" | "onProgress">,
): Promise<{ measuring?: MeasuringSwap }> {
  if (evaluate === undefined) return {};
  const listeners = { ...(abortSignal && { abortSignal }), ...(onProgress && { onProgress }) };
  return { measuring: await measureSwap(model, { ...evaluate, ...listeners }) };
}

/** Opens a model for as long as it is used, and closes the methods with it. */
export function withModelAndMethods<Result>(
  options: OpenCheckpointOptions & Pick<PlanSwapOptions, "model" | "method" | "fallback">,
  use: (model: OpenModel) => Promise<Result>,
): Promise<Result> {
  return closingMethods(methodsOf(options), () => withModel(options, use));
}

/** Opens a model for as long as it is used. */
async function withModel<Result>(
  options: OpenCheckpointOptions & { model: string },
  use: (model: OpenModel) => Promise<Result>,
): Promise<Result> {
  const model = await openModel(options.model, options);
  try {
    return await use(model);
  } finally {
    await model.close();
  }
}
