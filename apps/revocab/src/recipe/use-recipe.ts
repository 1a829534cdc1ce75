import { RevocabError, showText } from "@revocab/core";
import { type Command, InvalidArgumentError, type Option } from "commander";
import { aliasOf } from "../option-alias.ts";
import { meantBy } from "../other-names.ts";
import { fullName } from "../run-command.ts";

export const RECIPE = "recipe";
const ARGUMENT = "model";
/** What a command was given for the record that it repeats. */
export const RECORD = "asRecorded";

export function withRecipeOption(command: Command): Command {
  return command
    .option(
      `--${RECIPE} <file>`,
      "options from a file, as YAML or JSON; or the revocab.json of a model, to repeat its run on the same inputs",
    )
    .addOption(aliasOf(command, "--config <file>", RECIPE));
}

/**
 * Sets the options of a command that its `--recipe` names. What the command line says comes before what the file says.
 * @throws RevocabError `bad_options` for an unknown option or a wrong value; as `readRecipe` does
 */
export async function useRecipe(command: Command): Promise<void> {
  const path = command.getOptionValue(RECIPE) as string | undefined;
  if (path === undefined) return;
  const { readRecipe } = await import("./read-recipe.ts");
  const { settings, record } = await readRecipe(path, command.name(), (name) => {
    const option = optionNamed(command, name);
    return isGiven(command, option === undefined ? name : option.attributeName());
  });
  const methodIsGiven = isGiven(command, "method");
  for (const [name, value] of settings) {
    // options of the file's method are none of the method that was given
    if (methodIsGiven && dashed(name) === "with") continue;
    setOption(command, name, value, path);
  }
  command.setOptionValueWithSource(RECORD, record, SOURCE);
}

const SOURCE = "config";

function isGiven(command: Command, attribute: string): boolean {
  return command.getOptionValueSource(attribute) === "cli";
}

/** `pad_to_multiple_of` and `padToMultipleOf` → `pad-to-multiple-of`. */
function dashed(name: string): string {
  return name.replace(/_/g, "-").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function setOption(command: Command, name: string, value: unknown, path: string): void {
  const key = dashed(name);
  const option = optionNamed(command, value === false ? `no-${key}` : key) ?? optionNamed(command, key);
  if (option === undefined && key !== ARGUMENT) throw unknownName(command, name, path);
  const attribute = option?.attributeName() ?? ARGUMENT;
  if (isGiven(command, attribute)) return;
  const fail: Fail = (expected) => {
    throw new RevocabError(
      "bad_options",
      `${showText(path)}: ${showText(name, 100)} is ${showText(JSON.stringify(value) ?? "empty", 100)}, expected ${expected}`,
      { hint: `run ${fullName(command)} --help for its options` },
    );
  };
  command.setOptionValueWithSource(attribute, valueFor(option, value, fail), SOURCE);
}

type Fail = (expected: string) => never;

/** @param option undefined for the argument of the command */
function valueFor(option: Option | undefined, value: unknown, fail: Fail): unknown {
  if (option?.isBoolean() || option?.negate) {
    if (typeof value !== "boolean") return fail("true or false");
    return !option.negate && value;
  }
  // an option whose value may be left out
  if (option?.optional && typeof value === "boolean") return value || undefined;
  const texts = textsOf(value) ?? fail("a text, a number or a list of them");
  if (texts.length === 0 || texts.includes("")) return fail("a value");
  return parsed(option, texts, fail);
}

/** What a value is on a command line: a list is an option given several times, a map is KEY=VALUE several times. */
function textsOf(value: unknown): readonly string[] | undefined {
  if (typeof value === "string" || typeof value === "number") return [String(value)];
  if (typeof value !== "object" || value === null) return undefined;
  const entries: readonly unknown[] = Array.isArray(value)
    ? value
    : Object.entries(value).map(([key, inner]) =>
        ["string", "number", "boolean"].includes(typeof inner) ? `${key}=${inner}` : undefined,
      );
  const isText = (entry: unknown) => typeof entry === "string" || typeof entry === "number";
  return entries.every(isText) ? entries.map(String) : undefined;
}

/** The value as the command's own parser makes it of these words. */
function parsed(option: Option | undefined, texts: readonly string[], fail: Fail): unknown {
  if (option?.parseArg === undefined) {
    if (option?.variadic) return texts;
    return texts.length === 1 ? texts[0] : fail("one value");
  }
  let value: unknown;
  for (const text of texts) {
    try {
      value = option.parseArg(text, value);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      fail(error.message.replace(/^(expected |Allowed choices are )/, "").replace(/\.$/, ""));
    }
  }
  return value;
}

function optionNamed({ options }: Command, name: string): Option | undefined {
  return options.find(({ long, hidden }) => long === `--${name}` && !hidden && name !== RECIPE);
}

function unknownName(command: Command, name: string, path: string): RevocabError {
  const names = command.options
    .filter(({ hidden }) => !hidden)
    .map((option) => (option.long ?? "").slice(2))
    .filter((known) => known !== RECIPE);
  const meant = meantBy(`unknown option '--${dashed(name)}'`, command)?.replace(/^--/, "");
  return new RevocabError(
    "bad_options",
    `${showText(path)}: ${fullName(command)} has no option ${showText(name, 100)}; it has ${[ARGUMENT, ...names].join(", ")}`,
    {
      hint:
        meant === undefined
          ? "give names of options without their dashes, such as pad-to-multiple-of"
          : `did you mean ${meant}`,
    },
  );
}
