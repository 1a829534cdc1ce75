import type { Command } from "commander";
import { runCommand } from "../run-command.ts";

export function registerDoctor(program: Command): void {
  const command = program
    .command("doctor")
    .summary("show what this machine can do, and what to install where something is missing")
    .description(
      "Show what work depends on: versions, what runs models and on which devices, memory, room, access to the Hub. For each fault it says what mends it. Exit code 1 where nothing works.",
    )
    .option("--hub", "ask the Hub whose the access token is and what it may do")
    .action(async ({ hub: asksHub = false }: { readonly hub?: boolean }) => {
      const { examineMachine } = await import("../examine-machine.ts");
      const { presentMachine } = await import("../present/present-machine.ts");
      await runCommand(
        command,
        async () => {
          const report = await examineMachine({ asksHub });
          if (report.faults.some(({ isEssential }) => isEssential)) process.exitCode = 1;
          return report;
        },
        presentMachine,
        { readsOnly: true },
      );
    });
}
