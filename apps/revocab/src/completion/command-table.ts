import type { Command, Option } from "commander";

/** A command as a shell completes it, from the parser that reads it. */
export interface CompletedCommand {
  /** `["vectors", "train"]`; empty for the program. */
  readonly path: readonly string[];
  /** The last word of the path, and what else it may be. */
  readonly names: readonly string[];
  readonly subcommands: readonly CompletedSubcommand[];
  readonly options: readonly CompletedOption[];
  /** What stands without an option. */
  readonly argument: CompletedValue;
}

interface CompletedSubcommand {
  readonly name: string;
  /** The name, and its aliases. */
  readonly names: readonly string[];
  readonly description: string;
}

export interface CompletedOption {
  /** `--out`, and `-o` where there is one. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined where the option takes no value. */
  readonly value: CompletedValue | undefined;
}

/** Words to choose from, paths, or what nobody can guess. */
export type CompletedValue = readonly string[] | "path" | "any";

/**
 * The program and all its commands.
 * @param methods names of methods, for options that take one
 */
export function commandTable(program: Command, methods: readonly string[]): readonly CompletedCommand[] {
  const help = program.createHelp();
  const visit = (command: Command, path: readonly string[]): readonly CompletedCommand[] => {
    const inner = help.visibleCommands(command).filter((each) => each.name() !== "help");
    const all = [
      ...command.options.filter(({ hidden }) => !hidden),
      ...(command === program ? [] : program.options),
    ];
    const own: CompletedCommand = {
      path,
      names: namesOf(command),
      subcommands: inner.map((each) => ({
        name: each.name(),
        names: namesOf(each),
        description: each.summary(),
      })),
      options: [...all.map((option) => completedOption(option, methods)), HELP],
      argument: argumentOf(command, methods),
    };
    return [own, ...inner.flatMap((each) => visit(each, [...path, each.name()]))];
  };
  return visit(program, []);
}

function namesOf(command: Command): readonly string[] {
  return [command.name(), ...command.aliases()];
}

const HELP: CompletedOption = { names: ["--help", "-h"], description: "display help", value: undefined };

function completedOption(option: Option, methods: readonly string[]): CompletedOption {
  const { long, short, description, argChoices, flags } = option;
  const names = [long, short].filter((name) => name !== undefined);
  const takesValue = option.required || option.optional;
  return {
    names,
    description: brief(description),
    value: takesValue
      ? (argChoices ?? valueNamed(/<(.+)>/.exec(flags)?.[1] ?? "", long, methods))
      : undefined,
  };
}

function argumentOf({ registeredArguments }: Command, methods: readonly string[]): CompletedValue {
  const [first] = registeredArguments;
  if (first === undefined) return [];
  return first.argChoices ?? valueNamed(first.name(), `--${first.name()}`, methods);
}

/** What a value is, by the name that the help has for it. */
function valueNamed(name: string, option: string | undefined, methods: readonly string[]): CompletedValue {
  if (["--method", "--methods", "--fallback"].includes(option ?? "")) return methods;
  return PATHS.test(name) ? "path" : "any";
}

const PATHS = /file|folder|path|model|tokenizer|plan|source:target|a:b|fixed|turned/;

/** The first clause of a description: shells show it on one line. */
function brief(description: string): string {
  return (description.split(/;|: | \(/, 1)[0] ?? "").trim();
}
