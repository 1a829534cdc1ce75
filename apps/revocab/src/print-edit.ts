import { quote } from "@revocab/core";
import type { EditSummary } from "@revocab/report";
import type { EditPlanSummary, EditReport } from "@revocab/transfer";
import { inFlags } from "./in-flags.ts";
import { printComparison } from "./print-evaluation.ts";
import { printChatTemplate, printParameters, printPlan, printSwap } from "./print-reports.ts";
import { grouped, printTable } from "./print-table.ts";
import { shown } from "./shown.ts";

/** What became of a vocabulary, and what was done to the model for it. */
export function printEdit({ added, ...report }: EditReport, out: string): string {
  return `${printChanges(report.edit, added)}\n${printSwap(report, out)}`;
}

/** What would become of both. */
export function printEditPlan(summary: EditPlanSummary): string {
  const { edit, added, removed, comparison, tableBytes, chatTemplate } = summary;
  return [
    `${printChanges(edit, added, removed)}\n`,
    printPlan(summary),
    printParameters(summary),
    `  tables with a row per token: ${grouped(tableBytes.before)} → ${grouped(tableBytes.after)} bytes\n`,
    chatTemplate === undefined ? "" : printChatTemplate(chatTemplate),
    comparison === null ? "" : `\nMethods compared\n${printComparison(comparison)}`,
  ].join("");
}

type Entries = readonly { readonly token: string }[];

function printChanges(edit: EditSummary | undefined, added: Entries, removed: Entries = []): string {
  if (edit === undefined) return "";
  const { pieces, steps, addedTokens, promoted, renamed, refused, pruned } = edit;
  const counts = [
    ["pieces added", grouped(pieces), ""],
    ["steps added", grouped(steps), "tokens that merges build pieces from"],
    ["added tokens", grouped(addedTokens), "found before the model runs"],
    ["promoted", grouped(promoted.length), "entries that are control tokens now, at their own ids"],
    ["renamed", grouped(renamed.length), "reserved tokens, at their own ids"],
    ["refused", grouped(refused.length), ""],
    ["taken out", grouped(edit.removed), ""],
    ["kept", grouped(pruned?.kept ?? 0), ""],
    ["of these always", grouped(pruned?.always ?? 0), "specials, and what writes any text"],
    ["of these as steps", grouped(pruned?.steps ?? 0), "merges build others from them"],
  ].filter(([, count]) => count !== "0");
  return [
    "What became of the vocabulary\n",
    printTable(counts),
    printExamples("added", added),
    printExamples("promoted", promoted),
    printExamples(
      "renamed",
      renamed.map(({ from, to }) => ({ token: `${from} → ${to}` })),
    ),
    printExamples("taken out", removed),
    ...refused.map(({ text, reason }) => shown`  refused ${quote(text)}: ${inFlags(reason)}\n`),
  ].join("");
}

function printExamples(name: string, tokens: Entries): string {
  if (tokens.length === 0) return "";
  const examples = tokens.slice(0, 8).map(({ token }) => token);
  return shown`  ${name}: ${examples.join(" ")}${tokens.length > examples.length ? " …" : ""}\n`;
}
