import type { Command } from "commander";
import { printFailure, usageHint } from "./failure.ts";
import { fullName } from "./full-name.ts";

/** Makes commander's complaints about the usage look like every other failure, those of commands within commands too. */
export function reportUsage(command: Command, json: boolean): void {
  for (const inner of command.commands) reportUsage(inner, json);
  command.configureOutput({
    outputError: (text) => {
      const [complaint = "", suggestion] = text.trim().split("\n");
      const suggested = /^\(Did you mean (.+)\?\)$/.exec(suggestion ?? "")?.[1];
      printFailure(
        {
          code: "bad_options",
          message: complaint.replace(/^error: /, "").replace(/\.$/, ""),
          hint: suggested === undefined ? usageHint(fullName(command)) : `did you mean ${suggested}?`,
        },
        json,
      );
    },
  });
}
