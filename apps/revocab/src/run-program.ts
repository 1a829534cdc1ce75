import { createRequire } from "node:module";
import { Command, CommanderError } from "commander";
import { registerAlignText } from "./commands/align-text.ts";
import { registerApply } from "./commands/apply.ts";
import { registerCompare } from "./commands/compare.ts";
import { registerCorpus } from "./commands/corpus.ts";
import { registerDoctor } from "./commands/doctor.ts";
import { registerDynamic } from "./commands/dynamic.ts";
import { registerEval } from "./commands/eval.ts";
import { registerExplain } from "./commands/explain.ts";
import { registerExtend } from "./commands/extend.ts";
import { registerGenerate } from "./commands/generate.ts";
import { registerHeal } from "./commands/heal.ts";
import { registerInspect } from "./commands/inspect.ts";
import { registerMethods } from "./commands/methods.ts";
import { showDefaultMethod } from "./commands/options/rows.ts";
import { registerPlan } from "./commands/plan.ts";
import { registerPrune } from "./commands/prune.ts";
import { registerPublish } from "./commands/publish.ts";
import { registerQuality } from "./commands/quality.ts";
import { registerReport } from "./commands/report.ts";
import { registerSwap } from "./commands/swap.ts";
import { registerVectors } from "./commands/vectors.ts";
import { printFailure, usageHint } from "./failure.ts";
import { fullName } from "./run-command.ts";

const { version } = createRequire(import.meta.url)("../package.json") as { version: string };

/** Runs the command with these arguments. It prints its result and sets `process.exitCode`. */
export async function runProgram(args: readonly string[]): Promise<void> {
  const program = new Command("revocab")
    .description("Give a language model a new vocabulary.")
    .version(version)
    .option("--json", "print the result as JSON on stdout")
    .option("--quiet", "no progress on stderr")
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .hook("preAction", (_, command) => refuseEmptyValues(command));

  for (const register of [
    registerSwap,
    registerPlan,
    registerApply,
    registerExtend,
    registerPrune,
    registerHeal,
    registerPublish,
    registerExplain,
    registerInspect,
    registerQuality,
    registerEval,
    registerCompare,
    registerReport,
    registerGenerate,
    registerDynamic,
    registerVectors,
    registerCorpus,
    registerAlignText,
    registerMethods,
    registerDoctor,
  ]) {
    register(program);
  }
  // commander stops at the first wrong argument, before it may have read --json
  reportUsage(program, args.includes("--json"));
  if (args.some((arg) => arg === "--help" || arg === "-h" || arg === "help"))
    await showDefaultMethod(program.commands.filter((command) => args.includes(command.name())));

  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // the help, or the usage error, has been printed
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}

/** No option has an empty value, which comes of a variable of the shell that is not set: as a path it would be the working directory. */
function refuseEmptyValues(command: Command): void {
  for (const option of command.options) {
    const value: unknown = command.getOptionValue(option.attributeName());
    if (value === "" || (Array.isArray(value) && value.includes("")))
      command.error(`option '${option.flags}' was given an empty value, expected one`);
  }
}

/** Prints commander's usage errors like every other failure, those of subcommands too. */
function reportUsage(command: Command, json: boolean): void {
  for (const inner of command.commands) reportUsage(inner, json);
  command.configureOutput({
    outputError: (text) => {
      const [message = "", suggestion] = text.trim().split("\n");
      const suggested = /^\(Did you mean (.+)\?\)$/.exec(suggestion ?? "")?.[1];
      printFailure(
        {
          code: "bad_options",
          message: message.replace(/^error: /, "").replace(/\.$/, ""),
          hint: suggested === undefined ? usageHint(fullName(command)) : `did you mean ${suggested}?`,
        },
        json,
      );
    },
  });
}
