import type { Command } from "commander";
import { runCommand } from "../run-command.ts";

export function registerMethods(program: Command): void {
  const command = program
    .command("methods")
    .summary("list the methods, their options and the evidence each needs")
    .action(async () => {
      const { describeMethods } = await import("@revocab/embedding-init");
      const { printMethods } = await import("../print-methods.ts");
      await runCommand(command, async () => describeMethods(), printMethods);
    });
}
