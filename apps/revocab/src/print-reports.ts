import { quote } from "@revocab/core";
import type { PlanSummary, TableSummary } from "@revocab/plan";
import type { EditSummary, SwapReport, WrittenAdapter } from "@revocab/report";
import type { AdapterReport, EditPlanSummary, EditReport } from "@revocab/transfer";
import { describeAgreement } from "@revocab/vocab-alignment";
import { inFlags } from "./in-flags.ts";
import { amountOf, printComparison, printSwapEvaluation } from "./print-evaluation.ts";
import { escaped, grouped, printNotes, printTable } from "./terminal.ts";

/** The counts of a plan, and the notes of its methods. */
export function printPlan(summary: PlanSummary): string {
  return printCounts(summary) + printTraining(summary.training) + printNotes(summary.notes);
}

function printCounts({ recipe, source, target, alignment, digits, tables }: PlanSummary): string {
  const hasOutput = tables.some(({ slot }) => slot === "output");
  const head = source.tied ? "tied" : hasOutput ? "own head" : "no head";
  return [
    escaped`${source.name} (${source.modelType}, ${grouped(source.rows)} rows, ${head}) → ${target.name} (${grouped(target.tokens)} tokens, ${grouped(target.rows)} rows${recipe.untie ? ", own head" : ""})\n`,
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
    printAgreement(digits),
    "\nWhere each row comes from\n",
    printTable(tables.flatMap(rowsOf)),
  ].join("");
}

/** Only where numbers are split as before; else a note says so. */
function printAgreement(digits: PlanSummary["digits"]): string {
  const agreement = digits && describeAgreement(digits);
  return agreement === undefined ? "" : escaped`  ${agreement}\n`;
}

function rowsOf({ slot, origins }: TableSummary): string[][] {
  return Object.entries(origins).map(([name, count], i) => [i === 0 ? slot : "", grouped(count), name]);
}

/** What a finished swap changed, what the gate checked, and where the model is. */
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
  sections.push(printTraining(report.training));
  if (report.evaluation) sections.push(printSwapEvaluation(report.evaluation, report.training !== undefined));
  sections.push(
    printChecks(gate, notes),
    printChatTemplate(chatTemplate, report.edit === undefined ? undefined : "the model's own"),
    report.adapter ? printAdapterTensors(report.adapter) : "",
    printLeft(report),
    escaped`\nWritten to ${out}\n`,
  );
  return sections.join("");
}

/** What a finished training was worth, what the gate checked, and where the model is. */
export function printHealed(report: SwapReport, out: string, state?: string): string {
  const { source, target, tables, gate, notes, training } = report;
  return [
    escaped`${source.name} (${source.modelType}, ${grouped(target.tokens)} tokens, ${grouped(target.rows)} rows)\n`,
    "\nWhere each row comes from\n",
    printTable(tables.flatMap(rowsOf)),
    printTraining(training),
    printChecks(gate, notes),
    report.adapter ? printAdapterTensors(report.adapter) : "",
    printLeft(report),
    escaped`\nWritten to ${out}\n`,
    state !== undefined && training?.ended === "told to"
      ? escaped`The training can go on: it is kept in ${state}; run the command again with another --out\n`
      : "",
  ].join("");
}

function printTraining(training: PlanSummary["training"]): string {
  if (training === undefined) return "";
  const { text, objective, teacher, learned, steps, bestStep, tokens, seconds, heldOut, ended } = training;
  const { before, after } = heldOut;
  const times =
    seconds === undefined
      ? []
      : [["seconds", `${seconds.toFixed(1)}, ${grouped(Math.round(tokens / seconds))} tokens in each`]];
  return [
    escaped`\nTrained on ${text.name}, ${amountOf(text)}\n`,
    printTable([
      [
        "rows",
        Object.entries(learned)
          .map(([slot, count]) => `${grouped(count)} of ${slot}`)
          .join(", "),
      ],
      ["objective", teacher === undefined ? objective : `${objective}, from ${teacher}`],
      ["steps", `${grouped(steps)}, the best rows after step ${grouped(bestStep)}`],
      ["tokens", `${grouped(tokens)} in all`],
      [
        "bits per byte",
        `${before.toFixed(4)} → ${after.toFixed(4)}, on ${grouped(heldOut.bytes)} held-out bytes`,
      ],
      ...times,
      ["ended by", ENDS[ended]],
    ]),
  ].join("");
}

const ENDS: Readonly<Record<NonNullable<PlanSummary["training"]>["ended"], string>> = {
  budget: "its budget",
  "no better": "rows that became no better",
  "not finite": "a loss that is no number: a lower --rate trains longer",
  "told to": "Ctrl-C",
};

function printChecks({ checks, notes: found }: SwapReport["gate"], notes: readonly string[]): string {
  return [
    "\nChecked\n",
    printTable(checks.map(({ name, detail }) => ["✓", name, detail])),
    printNotes([...found, ...notes]),
  ].join("");
}

/** A long value by its length: a map may hold thousands of image tokens. */
function shortened(value: unknown): string {
  if (value === undefined) return "not given";
  const text = JSON.stringify(value);
  if (text.length <= 60) return text;
  return Array.isArray(value) ? `[${value.length} items]` : `{${Object.keys(value as object).length} ids}`;
}

/**
 * Whose chat template the model has; of a template from a file, a sample conversation as it renders it.
 * @param whose in words; an edit has one model, not a source and a target @default the side that it is from
 */
function printChatTemplate(
  { from, file, sample }: SwapReport["chatTemplate"],
  whose = `the ${from}'s`,
): string {
  if (file === undefined || sample === undefined) {
    return from === "none" ? "" : `  chat template: ${whose}\n`;
  }
  const { text, tokens, specials } = sample;
  return [
    escaped`\nChat template ${file.name}: a sample conversation in ${grouped(tokens)} tokens, ${grouped(specials.length)} of them specials\n`,
    ...text.split("\n").map((line) => escaped`  | ${line}\n`),
  ].join("");
}

function printParameters({
  parameters,
  recipe,
  gate,
}: Pick<SwapReport, "parameters" | "recipe"> & Partial<Pick<SwapReport, "gate">>): string {
  const head = gate?.tables.find(({ slot }) => slot === "output");
  const added =
    recipe.untie && head ? `, ${grouped(head.rows * head.columns)} of them in the untied head` : "";
  return `\nParameters\n  ${grouped(parameters.before)} → ${grouped(parameters.after)}${added}\n`;
}

/** Files that were left out. Not those that a swap always replaces: weights, tokenizer files, hidden files. */
function printLeft({ companions, files }: Pick<SwapReport, "companions" | "files">): string {
  const written = new Set(files.map(({ name }) => name));
  const expected = /^(hidden|written anew|belongs to the old tokenizer)$/;
  const left = companions.left.filter(({ name, reason }) => !written.has(name) && !expected.test(reason));
  if (left.length === 0) return "";
  return `\nNot carried over\n${printTable(left.map(({ name, reason }) => [name, inFlags(reason)]))}`;
}

/** What a finished edit changed in the vocabulary, then in the model. */
export function printEdit({ added, ...report }: EditReport, out: string): string {
  return `${printChanges(report.edit, added)}\n${printSwap(report, out)}`;
}

/** The same of an edit that is only planned. */
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
    "Changes of the vocabulary\n",
    printTable(counts),
    printExamples("added", added),
    printExamples("promoted", promoted),
    printExamples(
      "renamed",
      renamed.map(({ from, to }) => ({ token: `${from} → ${to}` })),
    ),
    printExamples("taken out", removed),
    ...refused.map(({ text, reason }) => escaped`  refused ${quote(text)}: ${inFlags(reason)}\n`),
  ].join("");
}

function printExamples(name: string, tokens: Entries): string {
  if (tokens.length === 0) return "";
  const examples = tokens.slice(0, 8).map(({ token }) => token);
  return escaped`  ${name}: ${examples.join(" ")}${tokens.length > examples.length ? " …" : ""}\n`;
}

/** What changed in a rewritten adapter, and where it is. */
export function printAdapter(report: AdapterReport, out: string): string {
  const { source, target, notes, chatTemplate } = report;
  return [
    escaped`adapter of ${source.name} (${grouped(source.rows)} rows) → ${target.name} (${grouped(target.rows)} rows)\n`,
    printAdapterTensors(report),
    printNotes(notes),
    chatTemplate === null || chatTemplate.from === "none"
      ? ""
      : `  chat template: the ${chatTemplate.from}'s\n`,
    printLeft({ ...report, files: [] }),
    escaped`\nWritten to ${out}\n`,
  ].join("");
}

/** The rewritten tensors of an adapter one by one, the copied ones as a count. */
function printAdapterTensors({ rewritten, copied, gone, config }: WrittenAdapter): string {
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
