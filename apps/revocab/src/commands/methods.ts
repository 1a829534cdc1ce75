import type { Command } from "commander";
import { runCommand } from "../run-command.ts";

export function registerMethods(program: Command): void {
  const command = program
    .command("methods")
    .summary("list the methods, their options and the evidence each needs")
    .description("List the methods, their options, what evidence each needs, and the paper.")
    .action(async () => {
      const { describeOptions } = await import("@revocab/embedding-init");
      const { catalog } = await import("../catalog.ts");
      const { printMethods } = await import("../print-methods.ts");
      const methods = Object.entries(await catalog()).map(([name, entry]) => ({
        name,
        summary: entry.summary,
        paper: entry.paper ?? null,
        evidence: entry.evidence,
        options: describeOptions(entry),
      }));
      await runCommand(command, async () => methods, printMethods);
    });
}
