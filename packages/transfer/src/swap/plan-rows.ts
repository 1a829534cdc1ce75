import { type InitMethod, stages } from "@revocab/core";
import { methodsOf } from "@revocab/embedding-init";
import type { MethodContest } from "@revocab/measure";
import { candidatesOf } from "@revocab/measure/internal";
import { makePlan, type OpenModel, type PlannedSwap, type PlanOptions } from "@revocab/plan";
import { type Healing, type HealOptions, startHealing, TRAINING_WEIGHT } from "../heal/healing.ts";

/** Makes a plan, and trains its rows where they are to be healed. */
export async function planRows(options: PlanOptions, healing: Healing | undefined): Promise<PlannedSwap> {
  if (healing === undefined) return makePlan(options);
  const { plan, train } = stages(options.job, { plan: methodWeight(options.method), train: TRAINING_WEIGHT });
  const planned = await makePlan({ ...options, transformer: healing.transformer, job: plan });
  return healing.heal(planned, train);
}

/** Opens what `heal` needs for as long as it is used. */
export async function withHealing<Result>(
  model: OpenModel,
  { heal, seed, job }: Pick<PlanOptions, "seed" | "job"> & { readonly heal?: HealOptions },
  use: (healing: Healing | undefined) => Promise<Result>,
): Promise<Result> {
  if (heal === undefined) return use(undefined);
  const healing = await startHealing(model, { seed, ...heal, original: model }, job);
  try {
    return await use(healing);
  } finally {
    await healing.close();
  }
}

/** How long the rows of a swap take beside the writing of a model, for progress. */
export function planningWeight({
  method,
  heal,
}: {
  readonly method: InitMethod | MethodContest;
  readonly heal?: HealOptions;
}): number {
  return methodWeight(method) + (heal === undefined ? 0 : TRAINING_WEIGHT);
}

function methodWeight(method: InitMethod | MethodContest): number {
  return runsModel(method) ? 6 : 1;
}

function runsModel(method: InitMethod | MethodContest): boolean {
  return candidatesOf(method).some((one) => methodsOf(one).some(({ needs }) => needs?.includes("model")));
}
