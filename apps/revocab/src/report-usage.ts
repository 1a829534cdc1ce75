import type { Command } from "commander";
import { printFailure, usageHint } from "./failure.ts";

/** Makes commander's complaints about the usage look like every other failure. */
export function reportUsage(program: Command): void {
  for (const command of [program, ...program.commands]) {
    const name = command === program ? program.name() : `${program.name()} ${command.name()}`;
    command.configureOutput({
      outputError: (text) => {
        const [complaint = "", suggestion] = text.trim().split("\n");
        const suggested = /^\(Did you mean (.+)\?\)$/.exec(suggestion ?? "")?.[1];
        printFailure(
          {
            code: "bad_options",
            message: complaint.replace(/^error: /, "").replace(/\.$/, ""),
            hint: suggested === undefined ? usageHint(name) : `did you mean ${suggested}?`,
          },
          // commander stops at the complaint, before it may have come to this option
          process.argv.includes("--json"),
        );
      },
    });
  }
}
