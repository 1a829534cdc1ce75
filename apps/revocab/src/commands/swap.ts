import type { Command } from "commander";
import { withRecipeOption } from "../recipe/use-recipe.ts";
import { writeModel } from "../write-model.ts";
import {
  type FittingFlags,
  fittingOptions,
  type ModelFlags,
  modelOptions,
  TOKENIZER_HELP,
  withFittingOptions,
  withModelOptions,
} from "./options/inputs.ts";
import { type OutputFlags, withOutputOptions } from "./options/output.ts";
import { placesOf, withPlaces } from "./options/places.ts";
import {
  namedDonor,
  type SwapPlanFlags,
  swapPlanOptions,
  wantedBy,
  withSwapPlanOptions,
} from "./options/rows.ts";
import { type EvalFlags, evalOptions, withEvalOptions } from "./options/scoring.ts";
import { type HealFlags, healOptions, withHealOptions } from "./options/training.ts";
import {
  type ApplyFlags,
  applyOptions,
  chatTemplateOptions,
  withApplyOptions,
} from "./options/written-model.ts";

interface Flags
  extends ModelFlags,
    FittingFlags,
    SwapPlanFlags,
    HealFlags,
    ApplyFlags,
    EvalFlags,
    OutputFlags {
  readonly tokenizer: string;
}

export function registerSwap(program: Command): void {
  const command = program
    .command("swap")
    .summary("give a model another tokenizer")
    .description("Give a model another tokenizer: rewrite its embeddings and all that depends on them.");
  withPlaces(command, "model", "tokenizer", "out");
  withRecipeOption(withFittingOptions(command.option("--tokenizer <path>", TOKENIZER_HELP)));
  const planned = withHealOptions(withSwapPlanOptions(withOutputOptions(command)));
  withModelOptions(withEvalOptions(withApplyOptions(planned))).action(async () => {
    const { model } = placesOf(command, ["model", "tokenizer"]);
    const flags = command.opts<Flags>();
    const { presentPlan, presentSwap } = await import("../present/present-swap.ts");
    const { planTokenizerSwap, swapTokenizer } = await import("@revocab/transfer");
    const { summarizePlan } = await import("@revocab/plan");
    await writeModel(command, flags, {
      names: {
        model: { name: model, want: "model" },
        tokenizer: { name: flags.tokenizer, want: "tokenizer" },
      },
      async prepare() {
        const plan = {
          ...(await swapPlanOptions(flags)),
          ...fittingOptions(flags),
          ...healOptions(flags),
        };
        return {
          want: await wantedBy(plan),
          donor: await namedDonor(flags, plan, flags.tokenizer),
          options: { ...modelOptions(flags), ...plan, ...(await chatTemplateOptions(flags)) },
        };
      },
      async plan(options) {
        const { plan, rowSource } = await planTokenizerSwap(options);
        await rowSource.close();
        return summarizePlan(plan);
      },
      write: async (options) =>
        swapTokenizer({ ...options, ...(await applyOptions(flags)), ...evalOptions(flags, flags.seed) }),
      presentPlan,
      present: presentSwap,
    });
  });
}
