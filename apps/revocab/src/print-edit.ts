import type { EditReport } from "@revocab/transfer";
import { printSwap } from "./print-reports.ts";
import { grouped, printTable } from "./print-table.ts";

/** What became of a vocabulary, and what was done to the model for it. */
export function printEdit(report: EditReport, out: string): string {
  const { edit, added } = report;
  if (edit === undefined) return printSwap(report, out);
  const { pieces, steps, addedTokens, refused, pruned } = edit;
  const examples = added.slice(0, 8).map(({ token }) => token);
  const counts = [
    ["pieces added", grouped(pieces), ""],
    ["steps added", grouped(steps), "tokens that merges build pieces from"],
    ["added tokens", grouped(addedTokens), "found before the model runs"],
    ["refused", grouped(refused.length), ""],
    ["kept", grouped(pruned?.kept ?? 0), "the others were taken out"],
    ["of these always", grouped(pruned?.always ?? 0), "specials, and what writes any text"],
    ["of these as steps", grouped(pruned?.steps ?? 0), "merges build others from them"],
  ].filter(([, count]) => count !== "0");
  return [
    "What became of the vocabulary\n",
    printTable(counts),
    examples.length === 0 ? "" : `  ${examples.join(" ")}${added.length > examples.length ? " …" : ""}\n`,
    ...refused.map(({ text, reason }) => `  refused ${JSON.stringify(text)}: ${reason}\n`),
    "\n",
    printSwap(report, out),
  ].join("");
}
