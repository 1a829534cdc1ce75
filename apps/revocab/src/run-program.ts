import { createRequire } from "node:module";
import { RevocabError, showJson } from "@revocab/core";
import { Command, CommanderError } from "commander";
import { hasColors, inStyle } from "./colors.ts";
import { registerAlignText } from "./commands/align-text.ts";
import { registerApply } from "./commands/apply.ts";
import { registerCompare } from "./commands/compare.ts";
import { registerCompletion } from "./commands/completion.ts";
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
import { takePlaces } from "./commands/options/places.ts";
import { showDefaultMethod } from "./commands/options/rows.ts";
import { registerPlan } from "./commands/plan.ts";
import { registerPrune } from "./commands/prune.ts";
import { registerPublish } from "./commands/publish.ts";
import { registerQuality } from "./commands/quality.ts";
import { registerReport } from "./commands/report.ts";
import { registerSwap } from "./commands/swap.ts";
import { registerVectors } from "./commands/vectors.ts";
import { asFailure, exitCodeOf, type Failure, printFailure, usageHint } from "./failure.ts";
import { HELP_LAYOUT } from "./help-layout.ts";
import { knowOtherNames, meantBy } from "./other-names.ts";
import { useRecipe } from "./recipe/use-recipe.ts";
import { fullName } from "./run-command.ts";

const { version } = createRequire(import.meta.url)("../package.json") as { version: string };

/** What `revocab --version --json` prints. */
export interface VersionResult {
  readonly version: string;
}

/** Runs the command with these arguments. It prints its result and sets `process.exitCode`. */
export async function runProgram(args: readonly string[]): Promise<void> {
  const program = new Command("revocab")
    .description("Give a language model a new vocabulary.")
    .version(
      args.includes("--json") ? showJson({ version } satisfies VersionResult) : version,
      "-v, --version",
      "print the version",
    )
    .option("--json", "print the result as JSON on stdout")
    .option("--quiet", "no progress on stderr")
    .configureHelp({
      ...HELP_LAYOUT,
      showGlobalOptions: true,
      styleTitle: (title) => inStyle("bold", title, process.stdout),
    })
    .configureOutput({
      getOutHasColors: () => hasColors(process.stdout),
      getErrHasColors: () => hasColors(process.stderr),
    })
    .exitOverride()
    .hook("preAction", async (_, command) => {
      refuseEmptyValues(command);
      takePlaces(command);
      await useRecipe(command);
    });

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
    registerCompletion,
  ]) {
    register(program);
  }
  knowOtherNames(program);
  // commander stops at the first wrong argument, before it may have read --json
  reportUsage(program, args.includes("--json"));
  if (args.some((arg) => arg === "--help" || arg === "-h" || arg === "help"))
    await showDefaultMethod(program.commands.filter((command) => args.includes(command.name())));

  try {
    const unknown = unknownInHelp(program, args);
    const words = isVersion(args) ? ["--version"] : (unknown ?? args);
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    // the help, or the usage error, has been printed
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      if (process.exitCode === 2 && error.code === "commander.help" && args.includes("--json"))
        printFailure(NO_COMMAND, true);
    } else if (error instanceof RevocabError) process.exitCode = reportFailure(error, program, args);
    else throw error;
  }
}

/** `revocab version`, and `-V`, which many programs have. */
function isVersion(args: readonly string[]): boolean {
  const [first] = args.filter((arg) => arg !== "--json" && arg !== "--quiet");
  return first === "version" || first === "-V";
}

/** `help NAME` and `NAME --help` of what is no command fail as `NAME` does: the words without the wish for help. */
function unknownInHelp(program: Command, args: readonly string[]): readonly string[] | undefined {
  const [name, ...more] = args.filter((arg) => !arg.startsWith("-"));
  const asked = name === "help" ? more[0] : name;
  const isAsked = name === "help" || args.includes("--help") || args.includes("-h");
  const isKnown = program.commands.some((each) => [each.name(), ...each.aliases()].includes(asked ?? ""));
  return !isAsked || asked === undefined || asked === "help" || isKnown ? undefined : [asked];
}

const NO_COMMAND: Failure = {
  code: "bad_options",
  message: "no command was given",
  hint: "run revocab --help for all of them",
};

/** A failure before the work of a command began: in its arguments, or in the recipe that they name. */
function reportFailure(error: RevocabError, program: Command, args: readonly string[]): number {
  const command = program.commands.find((each) => args.includes(each.name())) ?? program;
  const failure = asFailure(error, fullName(command));
  printFailure(failure, args.includes("--json"));
  return exitCodeOf(failure);
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
      const suggested =
        meantBy(message, command) ?? /^\(Did you mean (.+)\?\)$/.exec(suggestion ?? "")?.[1]?.concat("?");
      printFailure(
        {
          code: "bad_options",
          message: message.replace(/^error: /, "").replace(/\.$/, ""),
          hint: suggested === undefined ? usageHint(fullName(command)) : `did you mean ${suggested}`,
        },
        json,
      );
    },
  });
}
