import type { OptionDescription } from "@revocab/embedding-init";
import { paragraph, section, type TextDocument, table } from "@revocab/report-document";
import type { Command } from "commander";
import { runCommand } from "../run-command.ts";

export function registerMethods(program: Command): void {
  const command = program
    .command("methods")
    .summary("list the methods, their options and the inputs that each needs")
    .description("List the methods, their options, the inputs that each needs, and the paper.")
    .argument("[methods...]", "describe these alone")
    .action(async (names: readonly string[]) => {
      await runCommand(command, () => describeMethods(names), presentMethods, { readsOnly: true });
    });
}

/** @throws RevocabError `unknown_method` */
async function describeMethods(names: readonly string[]): Promise<readonly MethodDescription[]> {
  const { describeOptions, entryNamed, parseMethodText } = await import("@revocab/embedding-init");
  const { catalog } = await import("../catalog.ts");
  const all = await catalog();
  const entries =
    names.length === 0
      ? Object.values(all)
      : names.map((name) => entryNamed(parseMethodText(name).name, all));
  return entries.map((entry) => ({
    name: entry.name,
    summary: entry.summary,
    paper: entry.paper ?? null,
    evidence: entry.evidence,
    options: describeOptions(entry),
  }));
}

export interface MethodDescription {
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
        paragraph(`needs: ${evidence}`),
        ...(paper ? [paragraph(`paper: ${paper}`)] : []),
        table(
          options.map(({ name: option, description, values, default: standard }) => [
            option,
            `${description}${values === undefined ? "" : `: ${values.join(", ")}`}${standard === undefined ? "" : ` (default ${standard})`}`,
          ]),
        ),
      ),
    ),
  };
}
