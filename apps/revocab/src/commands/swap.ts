import { RevocabError } from "@revocab/core";
import type { Command } from "commander";
import { prepareChoice } from "../choose-method.ts";
import { publishAfterwards } from "../publish-afterwards.ts";
import { type CommandContext, runCommand } from "../run-command.ts";
import { type OpenedModels, withModels } from "../with-models.ts";
import { type EvalFlags, evalOptions, withEvalOptions } from "./scoring-options.ts";
import {
  type ApplyFlags,
  applyOptions,
  comparedPlanOptions,
  MODEL_HELP,
  modelOptions,
  type PlanFlags,
  TOKENIZER_HELP,
  withApplyOptions,
  withModelOptions,
  withPlanOptions,
} from "./shared-options.ts";

interface SwapFlags extends PlanFlags, ApplyFlags, Omit<EvalFlags, "threads"> {
  readonly text?: string;
  readonly out?: string;
  readonly dryRun?: boolean;
  readonly publish?: string;
  readonly private?: boolean;
}

export function registerSwap(program: Command): void {
  const command = program
    .command("swap")
    .summary("give a model another tokenizer")
    .description("Give a model another tokenizer: rewrite its embeddings and all that depends on them.")
    .argument("<model>", MODEL_HELP);
  command
    .requiredOption("--tokenizer <path>", TOKENIZER_HELP)
    .option("--out <folder>", "the folder to write")
    .option("--dry-run", "print the plan's counts and write nothing")
    .option("--publish <repository>", "publish the result on the Hub, as OWNER/NAME (see: revocab publish)")
    .option("--private", "with --publish: a repository that only its owner sees");
  withModelOptions(withEvalOptions(withApplyOptions(withPlanOptions(command)))).action(
    async (directory: string, flags: SwapFlags) => {
      const { out, dryRun = false } = flags;
      if (out === undefined && !dryRun)
        command.error("error: required option '--out <folder>' not specified, nor --dry-run", {
          exitCode: 2,
        });
      const { printPlan, printSwap } = await import("../print-reports.ts");
      const { printPublished } = await import("../print-published.ts");
      const transfer = await import("@revocab/transfer");
      const tokenizer = { name: flags.tokenizer, want: "tokenizer" as const };
      /** What is wrong with the options is said before anything is downloaded. */
      const prepare = async () => {
        const { want, choose } = await prepareChoice(flags);
        const options = { ...modelOptions(flags), ...(await comparedPlanOptions(flags)) };
        const inputs = async (
          context: CommandContext,
          { paths, weights }: OpenedModels<"model" | "tokenizer">,
        ) => ({
          ...paths,
          ...weights,
          ...options,
          ...(await choose(paths, context)),
          ...context,
        });
        return { want, inputs };
      };
      if (out === undefined || dryRun) {
        await runCommand(
          command,
          async (context) => {
            refuseWithDryRun(flags);
            const { want, inputs } = await prepare();
            const names = { model: { name: directory, want }, tokenizer };
            return withModels(context, names, async (opened) =>
              transfer.planTokenizerSwap(await inputs(context, opened), transfer.summarizePlan),
            );
          },
          (summary) => `${printPlan(summary)}\nNothing was written (--dry-run)\n`,
        );
      } else {
        await runCommand(
          command,
          async (context) => {
            const { inputs } = await prepare();
            const names = { model: { name: directory, want: "model" as const }, tokenizer };
            await transfer.checkOutputPlace({
              out,
              inputs: [directory, flags.tokenizer],
              force: flags.force ?? false,
            });
            const publish = await publishAfterwards(flags, context);
            const report = await withModels(context, names, async (opened) =>
              transfer.swapTokenizer({
                ...(await inputs(context, opened)),
                ...applyOptions(flags),
                ...evalOptions(flags, flags.seed),
                out,
              }),
            );
            return { ...report, ...(await publish(out)) };
          },
          ({ published, ...report }) =>
            printSwap(report, out) + (published === undefined ? "" : printPublished(published)),
        );
      }
    },
  );
}

/** What only a written model can have done to it. */
function refuseWithDryRun(flags: SwapFlags): void {
  if (flags.eval !== undefined) {
    throw new RevocabError("bad_options", "--eval scores the written model, but --dry-run writes none", {
      hint: "revocab compare scores methods without writing a model",
    });
  }
  if (flags.publish !== undefined) {
    throw new RevocabError(
      "bad_options",
      "--publish publishes the written model, but --dry-run writes none",
      {
        hint: "leave one of them out; revocab publish has a --dry-run of its own",
      },
    );
  }
}
