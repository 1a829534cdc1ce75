import { RevocabError } from "@revocab/core";
import { type Command, Option } from "commander";
import { MODEL_HELP } from "./inputs.ts";

/* What a command reads and writes, by position or by option: `swap MODEL TOKENIZER OUT`. */

type Place = "model" | "tokenizer" | "out";

export type PlaceFlags = { readonly [Each in Place]?: string };

/** @param places in their order; the first is the model */
export function withPlaces(command: Command, ...places: readonly Place[]): Command {
  for (const place of places)
    command.argument(`[${place}]`, place === "model" ? MODEL_HELP : `the same as --${place}`);
  // those who know other tools give the model by an option
  return command.addOption(new Option("--model <model>").hideHelp());
}

/**
 * Takes what was given by position for the options of the same names.
 * @throws RevocabError `bad_options` for a place that is given twice
 */
export function takePlaces(command: Command): void {
  for (const [i, argument] of command.registeredArguments.entries()) {
    const place = argument.name();
    const given: unknown = command.processedArgs[i];
    if (!isPlace(place) || argument.required || typeof given !== "string") continue;
    if (command.getOptionValueSource(place) === "cli") {
      throw new RevocabError(
        "bad_options",
        `found the ${NAMES[place]} twice: ${given} and --${place} ${command.getOptionValue(place)}`,
        { hint: `leave out --${place}, or ${given}` },
      );
    }
    command.setOptionValueWithSource(place, given, "cli");
  }
}

/** What was given for each place, by position, by an option or by a recipe; without one that is required the usage is wrong. */
export function placesOf(
  command: Command,
  required: readonly Place[],
): PlaceFlags & { readonly model: string } {
  const flags = command.opts<PlaceFlags>();
  const missing = required.find((place) => flags[place] === undefined);
  if (missing === undefined) return flags as PlaceFlags & { readonly model: string };
  const option = command.options.find(({ long, hidden }) => long === `--${missing}` && !hidden);
  return command.error(
    option === undefined
      ? `error: missing required argument '${missing}'`
      : `error: required option '${option.flags}' not specified`,
    { exitCode: 2 },
  );
}

function isPlace(name: string): name is Place {
  return Object.hasOwn(NAMES, name);
}

const NAMES: Readonly<Record<Place, string>> = { model: "model", tokenizer: "tokenizer", out: "output" };
