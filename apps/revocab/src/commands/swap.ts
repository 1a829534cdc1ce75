import { type InitMethod, RevocabError } from "@revocab/core";
import type { MethodCandidate } from "@revocab/embedding-init";
import type { ComparedMethod, MethodComparison } from "@revocab/transfer";
import type { Command } from "commander";
import { type CommandContext, runCommand } from "../run-command.ts";
import { type EvalFlags, evalOptions, scoringOptions, withEvalOptions } from "./scoring-options.ts";
import {
  type ApplyFlags,
  applyOptions,
  comparedPlanOptions,
  modelOptions,
  type PlanFlags,
  planOptions,
  TOKENIZER_HELP,
  withApplyOptions,
  withModelOptions,
  withPlanOptions,
} from "./shared-options.ts";

interface SwapFlags extends PlanFlags, ApplyFlags, Omit<EvalFlags, "threads"> {
  readonly text?: string;
  readonly out?: string;
  readonly dryRun?: boolean;
}

export function registerSwap(program: Command): void {
  const command = program
    .command("swap")
    .summary("give a model another tokenizer")
    .description("Give a model another tokenizer: rewrite its embeddings and all that depends on them.")
    .argument("<model>", "model folder: config.json, safetensors, tokenizer.json");
  command
    .requiredOption("--tokenizer <path>", TOKENIZER_HELP)
    .option("--out <folder>", "the folder to write")
    .option("--text <file>", "with --method auto: the text that decides")
    .option("--dry-run", "print the plan's counts and write nothing");
  withModelOptions(withEvalOptions(withApplyOptions(withPlanOptions(command)))).action(
    async (directory: string, flags: SwapFlags) => {
      const { out, dryRun = false } = flags;
      if (out === undefined && !dryRun)
        command.error("error: required option '--out <folder>' not specified, nor --dry-run", {
          exitCode: 2,
        });
      const { printPlan, printSwap } = await import("../print-reports.ts");
      const transfer = await import("@revocab/transfer");
      const inputs = async (context: CommandContext) => {
        if (dryRun && flags.eval !== undefined) {
          throw new RevocabError(
            "bad_options",
            "--eval scores the written model, but --dry-run writes none",
            {
              hint: "revocab compare scores methods without writing a model",
            },
          );
        }
        const chosen = await chooseMethod(directory, flags, context);
        return {
          model: directory,
          tokenizer: flags.tokenizer,
          ...modelOptions(flags),
          ...(await comparedPlanOptions(flags)),
          ...chosen,
          ...context,
        };
      };
      if (out === undefined || dryRun) {
        await runCommand(
          command,
          async (context) => transfer.planTokenizerSwap(await inputs(context), transfer.summarizePlan),
          (summary) => `${printPlan(summary)}\nNothing was written (--dry-run)\n`,
        );
      } else {
        await runCommand(
          command,
          async (context) => {
            await transfer.checkOutputPlace({
              out,
              inputs: [directory, flags.tokenizer],
              force: flags.force ?? false,
            });
            return transfer.swapTokenizer({
              ...(await inputs(context)),
              ...applyOptions(flags),
              ...evalOptions(flags, flags.seed),
              out,
            });
          },
          (report) => printSwap(report, out),
        );
      }
    },
  );
}

/** The method that was named, or with "auto" the best on a text, with the table that shows it. */
async function chooseMethod(
  model: string,
  flags: SwapFlags,
  context: CommandContext,
): Promise<{ method: InitMethod; comparison?: MethodComparison }> {
  if (flags.method !== "auto") {
    if (flags.text !== undefined) {
      throw new RevocabError("bad_options", `--text was given, but the method is ${flags.method}`, {
        hint: "--text decides for --method auto; --eval scores the model before and after",
      });
    }
    return { method: (await planOptions(flags)).method };
  }
  const text = flags.text ?? flags.eval;
  if (text === undefined) {
    throw new RevocabError("bad_options", "--method auto was given without a text to decide by", {
      hint: "pass --text with a UTF-8 file of what the model shall speak",
    });
  }
  const { methodCandidates } = await import("@revocab/embedding-init");
  const { catalog } = await import("../catalog.ts");
  const { compareMethods } = await import("@revocab/transfer");
  const choice = methodCandidates("auto", flags.with, await catalog());
  const comparison = await compareMethods({
    model,
    tokenizer: flags.tokenizer,
    text,
    choice,
    ...modelOptions(flags),
    ...(await comparedPlanOptions(flags)),
    ...scoringOptions(flags),
    samplesSeed: flags.seed,
    ...context,
  });
  const { candidate } = comparison.methods[comparison.best] as ComparedMethod;
  return { method: (choice.candidates[candidate] as MethodCandidate).method, comparison };
}
