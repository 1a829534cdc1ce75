import { createRequire } from "node:module";
import { Command, CommanderError } from "commander";
import { registerAlignText } from "./commands/align-text.ts";
import { registerApply } from "./commands/apply.ts";
import { registerCompare } from "./commands/compare.ts";
import { registerCorpus } from "./commands/corpus.ts";
import { registerEval } from "./commands/eval.ts";
import { registerExplain } from "./commands/explain.ts";
import { registerExtend } from "./commands/extend.ts";
import { registerGenerate } from "./commands/generate.ts";
import { registerInspect } from "./commands/inspect.ts";
import { registerMethods } from "./commands/methods.ts";
import { registerPlan } from "./commands/plan.ts";
import { registerPrune } from "./commands/prune.ts";
import { registerPublish } from "./commands/publish.ts";
import { registerSwap } from "./commands/swap.ts";
import { registerVectors } from "./commands/vectors.ts";
import { reportUsage } from "./report-usage.ts";

const { version } = createRequire(import.meta.url)("../package.json") as { version: string };

/** Runs the command with these arguments: it prints, and leaves its exit code in `process.exitCode`. */
export async function runProgram(args: readonly string[]): Promise<void> {
  const program = new Command("revocab")
    .description("Give a language model a new vocabulary.")
    .version(version)
    .option("--json", "print the result as JSON on stdout")
    .option("--quiet", "no progress on stderr")
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();

  for (const register of [
    registerSwap,
    registerPlan,
    registerApply,
    registerExtend,
    registerPrune,
    registerPublish,
    registerExplain,
    registerInspect,
    registerEval,
    registerCompare,
    registerGenerate,
    registerVectors,
    registerCorpus,
    registerAlignText,
    registerMethods,
  ]) {
    register(program);
  }
  // commander stops at a complaint, before it may have come to this option
  reportUsage(program, args.includes("--json"));

  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // the help or what is wrong with the usage has been printed
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}
