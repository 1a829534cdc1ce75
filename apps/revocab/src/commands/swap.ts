import type { Command } from "commander";
import { prepareChoice } from "../choose-method.ts";
import { writeModel } from "../write-model.ts";
import { type OutputFlags, withOutputOptions } from "./output-options.ts";
import { type EvalFlags, evalOptions, withEvalOptions } from "./scoring-options.ts";
import {
  type ApplyFlags,
  applyOptions,
  chatTemplateOptions,
  comparedPlanOptions,
  type FittingFlags,
  fittingOptions,
  MODEL_HELP,
  modelOptions,
  type PlanFlags,
  TOKENIZER_HELP,
  withApplyOptions,
  withFittingOptions,
  withModelOptions,
  withPlanOptions,
} from "./shared-options.ts";

interface SwapFlags extends PlanFlags, FittingFlags, ApplyFlags, Omit<EvalFlags, "threads">, OutputFlags {}

export function registerSwap(program: Command): void {
  const command = program
    .command("swap")
    .summary("give a model another tokenizer")
    .description("Give a model another tokenizer: rewrite its embeddings and all that depends on them.")
    .argument("<model>", MODEL_HELP);
  withFittingOptions(command.requiredOption("--tokenizer <path>", TOKENIZER_HELP));
  withModelOptions(withEvalOptions(withApplyOptions(withPlanOptions(withOutputOptions(command))))).action(
    async (model: string, flags: SwapFlags) => {
      const { printPlan, printSwap } = await import("../print-reports.ts");
      const { planTokenizerSwap, swapTokenizer } = await import("@revocab/transfer");
      const { summarizePlan } = await import("@revocab/plan");
      await writeModel(command, flags, {
        names: {
          model: { name: model, want: "model" },
          tokenizer: { name: flags.tokenizer, want: "tokenizer" },
        },
        async prepare() {
          const { want, method } = await prepareChoice(flags);
          const plan = { ...(await comparedPlanOptions(flags)), ...fittingOptions(flags), method };
          return { want, options: { ...modelOptions(flags), ...plan, ...chatTemplateOptions(flags) } };
        },
        plan: (options) => planTokenizerSwap(options, summarizePlan),
        write: (options) =>
          swapTokenizer({ ...options, ...applyOptions(flags), ...evalOptions(flags, flags.seed) }),
        printPlan,
        print: printSwap,
      });
    },
  );
}
