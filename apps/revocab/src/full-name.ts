import type { Command } from "commander";

/** What a user types to get to a command: `revocab vectors train`. */
export function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();
}
