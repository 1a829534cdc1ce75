import { type InitMethod, type Need, RevocabError, type Role } from "@revocab/core";
import type { MethodContest } from "@revocab/measure";
import type { DigitRows } from "@revocab/plan";
import { type Command, Option } from "commander";
import type { NamedModel } from "../../resolve-models.ts";
import { type ComparingFlags, comparingOptions, withComparingOptions } from "./scoring.ts";
import type { HealFlags } from "./training.ts";

import { collectPairs, wholeNumber } from "./values.ts";

/* How the rows of new tokens are initialized: the method, its fallback, and the shape of the tables. */

/** All options but the method, which a comparison has several of. */
export interface ComparedPlanFlags {
  readonly with?: Record<string, string>;
  readonly fallback: string;
  readonly fallbackWith?: Record<string, string>;
  readonly copy?: boolean;
  readonly digits: DigitRows;
  readonly seed: number;
  readonly untie?: boolean;
  readonly role?: Role;
  readonly padToMultipleOf?: number;
  readonly rows?: number;
  readonly donor?: string;
}

export interface PlanFlags extends ComparedPlanFlags {
  /** @default `defaultMethod` of the catalog */
  readonly method?: string;
  readonly text?: string;
}

/** Of a command that takes `--method auto`. */
export interface SwapPlanFlags extends PlanFlags, ComparingFlags {
  readonly eval?: string;
}

const ROWS = "How the rows are initialized:";

/** @param copying the options for rows that the model has already @default those of a swap */
export function withPlanOptions(command: Command, copying = withCopyOptions): Command {
  return withComparedPlanOptions(
    command
      .optionsGroup(ROWS)
      .option("--method <name>", METHOD_HELP)
      .option(
        "--text <file>",
        "a text like those that the model will read and write: input of the method, with --method auto what decides, with --heal what rows are trained on",
      ),
    copying,
  );
}

export function withSwapPlanOptions(command: Command, copying = withCopyOptions): Command {
  return withComparingOptions(withPlanOptions(command, copying), "with --method auto: ");
}

const METHOD_HELP = "what fills the rows of new tokens; see: revocab methods";

export function withComparedPlanOptions(command: Command, copying = withCopyOptions): Command {
  const methods = command
    .optionsGroup(ROWS)
    .option("--with <key=value>", "an option of the method (repeatable)", collectPairs)
    .option("--fallback <name>", "what fills the rows that the method leaves empty", "mean")
    .option("--fallback-with <key=value>", "an option of the fallback (repeatable)", collectPairs);
  return copying(methods)
    .option(
      "--donor <model>",
      "for methods that read the rows of another model: one with the new tokenizer (the tokenizer's own folder or repository)",
    )
    .addOption(
      new Option(
        "--digits <rows>",
        "what fills the rows of digit tokens that the model lacks: the method, or their spelling in its own tokens",
      )
        .choices(["method", "spelling"] satisfies DigitRows[])
        .default("method"),
    )
    .option("--seed <n>", "seed of every random number", wholeNumber(0), 0)
    .option("--untie", "give a tied model a head of its own (adds V·d parameters)")
    .addOption(
      new Option("--role <role>", "for a tied model: the role whose rows input and head share").choices([
        "input",
        "output",
      ]),
    )
    .option("--pad-to-multiple-of <n>", "add rows until their number is a multiple of n", wholeNumber(1))
    .option(
      "--rows <n>",
      "exactly n rows, for example those of a draft model it is served with",
      wholeNumber(1),
    );
}

function withCopyOptions(command: Command): Command {
  return command
    .option(
      "--copy",
      "copy the rows of tokens both vocabularies share, also where the method has better ones (see: revocab methods)",
    )
    .option("--no-copy", "do not copy them");
}

/** Adds the default method to the help of all commands. Only there: loading the methods takes 0.2 s. */
export async function showDefaultMethod(commands: readonly Command[]): Promise<void> {
  const methods = commands.flatMap(({ options }) =>
    options.filter(({ description }) => description === METHOD_HELP),
  );
  if (methods.length === 0) return;
  const { defaultMethodFor } = await import("../../catalog.ts");
  const withText = await defaultMethodFor({ text: "FILE" });
  const without = await defaultMethodFor({});
  for (const option of methods) option.description += ` (${withText} with --text, else ${without})`;
}

export interface ComparedPlanOptions {
  readonly fallback: InitMethod;
  readonly copyShared?: boolean;
  readonly digits: DigitRows;
  readonly seed: number;
  readonly untie: boolean;
  readonly role?: Role;
  readonly padToMultipleOf?: number;
  readonly rows?: number;
}

export async function comparedPlanOptions(flags: ComparedPlanFlags): Promise<ComparedPlanOptions> {
  const { methodOf } = await import("../../catalog.ts");
  const { copy: copyShared, digits, seed, untie = false, role, padToMultipleOf, rows } = flags;
  const fallback = await methodOf(flags.fallback, flags.fallbackWith);
  return { fallback, copyShared, digits, seed, untie, role, padToMultipleOf, rows };
}

/**
 * What a plan takes. Unknown methods and options are errors that list what exists.
 * @param readsText whether something other than the method reads `--text`, too
 */
export async function planOptions(
  flags: PlanFlags & Pick<HealFlags, "heal">,
  readsText = flags.heal !== undefined,
): Promise<ComparedPlanOptions & { readonly method: InitMethod }> {
  const { defaultMethodFor, methodOf } = await import("../../catalog.ts");
  const { text } = flags;
  const name = flags.method ?? (await defaultMethodFor({ text }));
  const options = text === undefined ? flags.with : await withText(name, text, flags.with ?? {}, readsText);
  return { method: await methodOf(name, options), ...(await comparedPlanOptions(flags)) };
}

/** `--text` as the `text` option of a method that has one; it may also be read by others alone, such as the training of `--heal`. */
async function withText(
  name: string,
  text: string,
  options: Readonly<Record<string, string>>,
  isReadElsewhere: boolean,
): Promise<Readonly<Record<string, string>>> {
  const { catalog } = await import("../../catalog.ts");
  const entry = (await catalog())[name];
  if (entry === undefined || ("text" in entry.options.shape && options.text === undefined)) {
    return { ...options, text };
  }
  if (isReadElsewhere) return options;
  const found = options.text === undefined ? "reads no text" : "has one already, by --with text";
  throw new RevocabError("bad_options", `--text was given, but the method ${name} ${found}`, {
    hint: "leave --text out; --eval scores the model before and after",
  });
}

/** What a swap takes: as for a plan, or with `--method auto` the methods of which the best on a text is used. */
export async function swapPlanOptions(
  flags: SwapPlanFlags & Pick<HealFlags, "heal">,
): Promise<ComparedPlanOptions & { readonly method: InitMethod | MethodContest }> {
  if (flags.method !== "auto") {
    refuseComparing(flags);
    return planOptions(flags);
  }
  const text = flags.text ?? flags.eval;
  if (text === undefined) {
    throw new RevocabError("bad_options", "--method auto was given without a text to decide by", {
      hint: "pass --text with a UTF-8 text like those that the model will read and write",
    });
  }
  const { methodCandidates } = await import("@revocab/embedding-init");
  const { catalog } = await import("../../catalog.ts");
  const choice = methodCandidates("auto", flags.with, await catalog(), {
    hasDonor: flags.donor !== undefined,
  });
  const scoring = { ...comparingOptions(flags), text, samplesSeed: flags.seed };
  return { method: { kind: "contest", choice, scoring }, ...(await comparedPlanOptions(flags)) };
}

function refuseComparing({ after, trainText }: ComparingFlags): void {
  const flag = after !== undefined ? "--after" : trainText !== undefined ? "--train-text" : undefined;
  if (flag === undefined) return;
  throw new RevocabError(
    "bad_options",
    `${flag} was given, but without --method auto no methods are compared`,
    {
      hint: `pass --method auto, or leave ${flag} out`,
    },
  );
}

/** The parts of a model that the methods need: its tables, or all of it where one runs it. */
export async function wantedBy({
  method,
  fallback,
}: {
  readonly method: InitMethod | MethodContest;
  readonly fallback: InitMethod;
}): Promise<"model" | "tables"> {
  return (await isNeeded("model", method, fallback)) ? "model" : "tables";
}

/** Whether one of the methods runs the model, or a network of its own. */
export async function needsRuntime({
  method,
  fallback,
}: {
  readonly method: InitMethod | MethodContest;
  readonly fallback: InitMethod;
}): Promise<boolean> {
  return (await isNeeded("model", method, fallback)) || isNeeded("runtime", method, fallback);
}

async function isNeeded(
  need: Need,
  method: InitMethod | MethodContest,
  fallback: InitMethod,
): Promise<boolean> {
  if (method.kind === "contest") return true;
  const { methodsOf } = await import("@revocab/embedding-init");
  return [...methodsOf(method), ...methodsOf(fallback)].some(({ needs }) => needs?.includes(need));
}

/**
 * The donor by name: the one that was given, or the model that the tokenizer is from, where a method reads a donor. Only its tables
 * are needed.
 * @param tokenizer as it was given; undefined where it is made from the model's own
 * @throws RevocabError `bad_options` for a donor that no method reads
 */
export async function namedDonor(
  { donor }: Pick<ComparedPlanFlags, "donor">,
  {
    method,
    fallback,
  }: {
    readonly method: InitMethod | Pick<MethodContest, "kind" | "choice">;
    readonly fallback: InitMethod;
  },
  tokenizer?: string,
): Promise<NamedModel | undefined> {
  const { readsDonor } = await import("@revocab/embedding-init");
  const methods = method.kind === "contest" ? method.choice.candidates.map((each) => each.method) : [method];
  const isRead = [...methods, fallback].some(readsDonor);
  if (donor === undefined) {
    // `any`: where the tokenizer has no weights beside it, the library says so
    return isRead && tokenizer !== undefined && !isFile(tokenizer)
      ? { name: tokenizer, want: "any" }
      : undefined;
  }
  if (isRead) return { name: donor, want: "tables" };
  throw new RevocabError("bad_options", "--donor was given, but no method reads the rows of a donor", {
    hint: "leave --donor out, or choose a method that reads one; see: revocab methods",
  });
}

/** A tokenizer's own file has no model beside it for sure. */
function isFile(tokenizer: string): boolean {
  return /\.(json|model|txt|tiktoken)$/.test(tokenizer);
}
