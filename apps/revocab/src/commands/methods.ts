import type { OptionDescription } from "@revocab/embedding-init";
import { paragraph, section, type TextDocument, table } from "@revocab/report-document";
import type { Command } from "commander";
import { runCommand } from "../run-command.ts";

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
      await runCommand(command, async () => methods, presentMethods);
    });
}

interface MethodDescription {
  readonly name: string;
  readonly summary: string;
  readonly paper: string | null;
  readonly evidence: string;
  readonly options: readonly OptionDescription[];
}

function presentMethods(methods: readonly MethodDescription[]): TextDocument {
  return {
    blocks: methods.map(({ name, summary, paper, evidence, options }) =>
      section(
        name,
        paragraph(summary),
        paragraph(`needs: ${evidence}${paper ? `   paper: ${paper}` : ""}`),
        table(
          options.map((option) => [
            `--with ${option.name}=${option.values ? option.values.join("|") : (option.default ?? "…")}`,
            `${option.description}${option.default === undefined ? "" : ` (default ${option.default})`}`,
          ]),
        ),
      ),
    ),
  };
}
