import { type Command, Option } from "commander";

/** An option that people know by another name: it sets the same value, and is in no list of options. */
export function aliasOf(command: Command, flags: string, attribute: string): Option {
  const option = new Option(flags).hideHelp();
  command.on(`option:${option.name()}`, (value: string) => {
    command.setOptionValueWithSource(attribute, value, "cli");
  });
  return option;
}
