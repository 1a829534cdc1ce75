import type { OptionDescription } from "@revocab/embedding-init";
import type { Command } from "commander";
import { runCommand } from "../run-command.ts";
import { printTable } from "../terminal.ts";

export function registerMethods(program: Command): void {
  const command = program
    .command("methods")
    .summary("list the methods, their options and the inputs that each needs")
    .description("List the methods, their options, the inputs that each needs, and the paper.")
    .action(async () => {
      const { describeOptions } = await import("@revocab/embedding-init");
      const { catalog } = await import("../catalog.ts");
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

interface MethodDescription {
  readonly name: string;
  readonly summary: string;
  readonly paper: string | null;
  readonly evidence: string;
  readonly options: readonly OptionDescription[];
}

function printMethods(methods: readonly MethodDescription[]): string {
  return methods
    .map(({ name, summary, paper, evidence, options }) =>
      [
        `${name}\n  ${summary}\n  needs: ${evidence}${paper ? `   paper: ${paper}` : ""}\n`,
        printTable(
          options.map((option) => [
            `--with ${option.name}=${option.values ? option.values.join("|") : (option.default ?? "…")}`,
            `${option.description}${option.default === undefined ? "" : ` (default ${option.default})`}`,
          ]),
        ),
      ].join(""),
    )
    .join("\n");
}
