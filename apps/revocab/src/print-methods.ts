import type { OptionDescription } from "@revocab/embedding-init";
import { printTable } from "./print-table.ts";

export interface MethodDescription {
  readonly name: string;
  readonly summary: string;
  readonly paper: string | null;
  readonly evidence: string;
  readonly options: readonly OptionDescription[];
}

/** The methods, their options and what each needs. */
export function printMethods(methods: readonly MethodDescription[]): string {
  return methods
    .map(({ name, summary, paper, evidence, options }) =>
      [
        `${name}\n  ${summary}\n  evidence: ${evidence}${paper ? `   paper: ${paper}` : ""}\n`,
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
