import { quote } from "@revocab/core";
import type { WrittenAdapter } from "@revocab/report";
import type { AdapterReport } from "@revocab/transfer";
import { printLeft } from "./print-reports.ts";
import { grouped, printTable } from "./print-table.ts";
import { printNotes, shown } from "./shown.ts";

/** What a rewritten adapter is, and where. */
export function printAdapter(report: AdapterReport, out: string): string {
  const { source, target, notes, chatTemplate } = report;
  return [
    shown`adapter of ${source.name} (${grouped(source.rows)} rows) → ${target.name} (${grouped(target.rows)} rows)\n`,
    printAdapterTensors(report),
    printNotes(notes),
    chatTemplate === null || chatTemplate.from === "none"
      ? ""
      : `  chat template: the ${chatTemplate.from}'s\n`,
    printLeft({ ...report, files: [] }),
    shown`\nWritten to ${out}\n`,
  ].join("");
}

/** The tensors of an adapter: those that followed the vocabulary, the rest in a number. */
export function printAdapterTensors({ rewritten, copied, gone, config }: WrittenAdapter): string {
  return [
    "\nAdapter\n",
    printTable([
      ...rewritten.map(({ name, slot, from, to }) => [
        slot,
        `[${from.join(" × ")}] → [${to.join(" × ")}]`,
        name,
      ]),
      ...gone.map((name) => ["", "left out", `${name}: the target has nothing of its tokens`]),
      ["", grouped(copied), "tensors without a row per token, byte for byte"],
      ...config.map(({ path, from, to }) => ["config", path, `${quote(from)} → ${quote(to)}`]),
    ]),
  ].join("");
}
