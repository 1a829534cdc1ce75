import type { PlanSummary, TableSummary, TokenExplanation } from "@revocab/plan";
import type { SwapReport } from "@revocab/report";
import { inFlags } from "./in-flags.ts";
import { printAdapterTensors } from "./print-adapter.ts";
import { printComparison, printSwapEvaluation } from "./print-evaluation.ts";
import { grouped, printTable } from "./print-table.ts";
import { printNotes, shown } from "./shown.ts";

/** The counts of a plan, and what its methods had to say. */
export function printPlan(summary: PlanSummary): string {
  return printCounts(summary) + printNotes(summary.notes);
}

function printCounts({ recipe, source, target, alignment, tables }: PlanSummary): string {
  const hasOutput = tables.some(({ slot }) => slot === "output");
  const head = source.tied ? "tied" : hasOutput ? "own head" : "no head";
  return [
    shown`${source.name} (${source.modelType}, ${grouped(source.rows)} rows, ${head}) → ${target.name} (${grouped(target.tokens)} tokens, ${grouped(target.rows)} rows${recipe.untie ? ", own head" : ""})\n`,
    "\nHow the target's tokens relate to the source's\n",
    printTable(
      [
        ["shared", grouped(alignment.shared), "same bytes"],
        ["specials by role", grouped(alignment.specialByRole), "same purpose: bos, eos, …"],
        ["specials by string", grouped(alignment.specialByString), "written alike"],
        ["spelled", grouped(alignment.spelled), "in two or more source tokens"],
        ["spelled in bytes", grouped(alignment.byteOnly), "by byte tokens alone"],
        ["without evidence", grouped(alignment.withoutEvidence), "neither matched nor spelled"],
        ["unused", grouped(alignment.unused), "holes in the numbering"],
      ].filter(([, count]) => count !== "0"),
    ),
    "\nWhere each row comes from\n",
    printTable(tables.flatMap(rowsOf)),
  ].join("");
}

/** What a finished swap did, and where it is. */
export function printSwap(report: SwapReport, out: string): string {
  const { config, configNotes, chatTemplate, gate, notes } = report;
  const sections = [printCounts(report), printParameters(report)];
  if (config.length + configNotes.length > 0) {
    sections.push(
      "\nConfig\n",
      printTable(
        config.map(({ file, path, from, to }) => [file, path, `${shortened(from)} → ${shortened(to)}`]),
      ),
      printNotes(configNotes),
    );
  }
  if (report.comparison) {
    sections.push("\nMethods compared\n", printComparison(report.comparison));
  }
  if (report.evaluation) sections.push(printSwapEvaluation(report.evaluation));
  sections.push(
    "\nChecked\n",
    printTable(gate.checks.map(({ name, detail }) => ["✓", name, detail])),
    printNotes([...gate.notes, ...notes]),
    printChatTemplate(chatTemplate, report.edit === undefined ? undefined : "the model's own"),
    report.adapter ? printAdapterTensors(report.adapter) : "",
    printLeft(report),
    shown`\nWritten to ${out}\n`,
  );
  return sections.join("");
}

/**
 * A conversation as a template from a file writes it, else whose template it is.
 * @param whose of an edit, where source and target are one @default the side that it is from
 */
export function printChatTemplate(
  { from, file, sample }: SwapReport["chatTemplate"],
  whose = `the ${from}'s`,
): string {
  if (file === undefined || sample === undefined) {
    return from === "none" ? "" : `  chat template: ${whose}\n`;
  }
  const { text, tokens, specials } = sample;
  return [
    shown`\nChat template ${file.name}: a sample conversation in ${grouped(tokens)} tokens, ${grouped(specials.length)} of them specials\n`,
    ...text.split("\n").map((line) => shown`  | ${line}\n`),
  ].join("");
}

export function printParameters({
  parameters,
  recipe,
  gate,
}: Pick<SwapReport, "parameters" | "recipe"> & Partial<Pick<SwapReport, "gate">>): string {
  const head = gate?.tables.find(({ slot }) => slot === "output");
  const added =
    recipe.untie && head ? `, ${grouped(head.rows * head.columns)} of them in the untied head` : "";
  return `\nParameters\n  ${grouped(parameters.before)} → ${grouped(parameters.after)}${added}\n`;
}

/** What a person may miss in the output: neither rewritten weights nor what is replaced as a matter of course. */
export function printLeft({ companions, files }: Pick<SwapReport, "companions" | "files">): string {
  const written = new Set(files.map(({ name }) => name));
  const expected = /^(hidden|written anew|belongs to the old tokenizer)$/;
  const left = companions.left.filter(({ name, reason }) => !written.has(name) && !expected.test(reason));
  if (left.length === 0) return "";
  return `\nNot carried over\n${printTable(left.map(({ name, reason }) => [name, inFlags(reason)]))}`;
}

/** Rows as sums of source tokens. */
export function printExplanations(explanations: readonly TokenExplanation[]): string {
  return explanations
    .map(({ id, token, tables }) =>
      [
        shown`${id} ${quoted(token)}\n`,
        ...tables.map(({ slot, origin, sum }) => {
          const terms = sum.slice(0, 12).map((term) => `${term.weight.toFixed(3)} · ${quoted(term.token)}`);
          const rest = sum.length > 12 ? ` + ${sum.length - 12} more` : "";
          return shown`  ${slot} = ${terms.length > 0 ? terms.join(" + ") + rest : "(a row of its own)"}   [${origin}]\n`;
        }),
      ].join(""),
    )
    .join("");
}

function rowsOf({ slot, origins }: TableSummary): string[][] {
  return Object.entries(origins).map(([name, count], i) => [i === 0 ? slot : "", grouped(count), name]);
}

function quoted(token: string): string {
  return /^(<.+>|\[.+\]|\(.+\))$/.test(token) ? token : `"${token}"`;
}

/** A map of thousands of image tokens is counted, and a long list cut. */
function shortened(value: unknown): string {
  if (value === undefined) return "not given";
  const text = JSON.stringify(value);
  if (text.length <= 60) return text;
  return Array.isArray(value) ? `[${value.length} items]` : `{${Object.keys(value as object).length} ids}`;
}
