import type { OpenCheckpointOptions } from "@revocab/checkpoint";
import { type Copying, startCopying } from "@revocab/checkpoint/internal";
import { type InitMethod, stages } from "@revocab/core";
import { type MeasuringOptions, type MeasuringSwap, type MethodContest, measureSwap } from "@revocab/measure";
import { pickMethod } from "@revocab/measure/internal";
import {
  type DonorOptions,
  type FittingOptions,
  fitTokenizer,
  type OpenModel,
  openModel,
  openPlan,
  type PlannedSwap,
  type PlanOptions,
} from "@revocab/plan";
import { planTables, withDonor } from "@revocab/plan/internal";
import type { SwapReport } from "@revocab/report";
import { loadTokenizer } from "@revocab/vocabulary";
import type { HealOptions } from "../heal/healing.ts";
import { type ApplyOptions, SCORING_WEIGHT, WRITING_WEIGHT, writeByPlan } from "./apply-plan.ts";
import { planningWeight, planRows, withHealing } from "./plan-rows.ts";
import { checkOutputPlace } from "./stage-output.ts";
import { type StartedOutput, type StartOutputOptions, startOutput } from "./start-output.ts";

/** {@link PlanOptions} with the paths of a model and of a tokenizer. */
export type PlanSwapOptions = Omit<
  PlanOptions,
  "model" | "tokenizer" | "method" | "transformer" | "fitting" | "donor"
> &
  FittingOptions &
  DonorOptions &
  OpenCheckpointOptions & {
    /** Initializes the rows of tokens that the vocabularies do not share. With a contest, the best of several methods is taken. */
    readonly method: InitMethod | MethodContest;
    /** Model folder: config.json, safetensors, tokenizer.json. */
    readonly model: string;
    /** Tokenizer folder, tokenizer.json or SentencePiece `.model`. */
    readonly tokenizer: string;
    /** Trains the rows on a text before they are planned for good. @default nothing is trained */
    readonly heal?: HealOptions;
  };

export type SwapOptions = PlanSwapOptions & Omit<ApplyOptions, "plan" | "rowSource" | "model"> & Measured;

interface Measured {
  /** Score a text with the model before and after. @default nothing is measured */
  readonly evaluate?: Omit<MeasuringOptions, "job">;
}

/**
 * Gives the model in a folder another tokenizer and writes the result to `out`: plan, apply, check, rename.
 *
 * @example
 * await swapTokenizer({ model: "./model", tokenizer: "./tokenizer", method: subtokenMean(), out: "./out" });
 */
export async function swapTokenizer(options: SwapOptions): Promise<SwapReport> {
  const { model: path, tokenizer, donor: donorPath } = options;
  const inputs = [path, tokenizer, donorPath].filter((input) => input !== undefined);
  await checkOutputPlace({ ...options, inputs });
  return withModel(options, (model) =>
    withDonor(options, async (donor) => {
      const copying = startCopying(model.checkpoint.files);
      try {
        return await planAndWrite(model, copying, { ...options, donor });
      } finally {
        await copying.stop();
      }
    }),
  );
}

/** Options whose donor is open. */
export type WithDonor<Options> = Omit<Options, "donor"> & { readonly donor: OpenModel | undefined };

/** The weights are copied from the moment that the number of rows is known, while the rows are planned. */
async function planAndWrite(
  model: OpenModel,
  copying: Copying,
  options: WithDonor<SwapOptions>,
): Promise<SwapReport> {
  const { pick, before, plan, write } = stages(options.job, {
    pick: options.method.kind === "contest" ? 20 : 0,
    before: options.evaluate === undefined ? 0 : SCORING_WEIGHT,
    plan: planningWeight(options),
    write: WRITING_WEIGHT + (options.evaluate === undefined ? 0 : SCORING_WEIGHT),
  });
  const fitted = await fittedOptions(model, options);
  return withHealing(model, options, async (healing) => {
    const picked = await pickMethod(options.method, { ...fitted, job: pick });
    const planOptions = { ...fitted, ...picked };
    const measuring = await measured(model, { ...options, job: before });
    const { rows } = planTables(planOptions);
    return writeWhilePlanned(
      { ...planOptions, origin: planOptions.tokenizer.origin, rows, copying },
      () => planRows({ ...planOptions, job: plan }, healing),
      (planned, output) => writeByPlan({ ...planOptions, ...planned, measuring, output, job: write }),
    );
  });
}

/** Opens the output before the rows are planned: a full disk shows first, and the weights that stay are copied meanwhile. */
export async function writeWhilePlanned(
  place: StartOutputOptions,
  plan: () => Promise<PlannedSwap>,
  write: (planned: PlannedSwap, output: StartedOutput) => Promise<SwapReport>,
): Promise<SwapReport> {
  const output = await startOutput(place);
  try {
    const planned = await plan();
    try {
      return await write(planned, output);
    } finally {
      await planned.rowSource.close();
    }
  } finally {
    await output.discard();
  }
}

/** Makes the plan of a swap; the caller closes its row source. */
export function planTokenizerSwap(options: PlanSwapOptions): Promise<PlannedSwap> {
  return withModel(options, (model) =>
    withDonor(options, async (donor) => {
      const planOptions = await fittedOptions(model, { ...options, donor });
      return withHealing(model, options, async (healing) =>
        planRows({ ...planOptions, ...(await pickMethod(options.method, planOptions)) }, healing),
      );
    }),
  );
}

/** The options of a swap with the open model and the tokenizer that is fitted to it in place of their paths. */
export async function fittedOptions<Options extends WithDonor<PlanSwapOptions>>(
  model: OpenModel,
  options: Options,
) {
  const target = await loadTokenizer(options.tokenizer, { reading: "file" });
  return { ...options, ...(await fitTokenizer(target, model.tokenizer, options)), model };
}

/** Rewrites a model by a plan file. */
export async function applySavedPlan(
  options: Omit<ApplyOptions, "plan" | "rowSource" | "model"> &
    Measured &
    OpenCheckpointOptions & { plan: string; model: string },
): Promise<SwapReport> {
  await checkOutputPlace({ ...options, inputs: [options.model, options.plan] });
  const { plan, rowSource } = await openPlan(options.plan);
  try {
    return await withModel(options, async (model) => {
      const measuring = await measured(model, options);
      return writeByPlan({ ...options, measuring, plan, rowSource, model });
    });
  } finally {
    await rowSource.close();
  }
}

/** Scores the model before it is rewritten, with `evaluate`. */
export async function measured(
  model: OpenModel,
  { evaluate, job }: Measured & Pick<ApplyOptions, "job">,
): Promise<MeasuringSwap | undefined> {
  return evaluate === undefined ? undefined : measureSwap(model, { ...evaluate, job });
}

/** Opens a model for as long as it is used. */
export async function withModel<Result>(
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
