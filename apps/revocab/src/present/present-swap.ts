import { quote } from "@revocab/core";
import type { PlanSummary } from "@revocab/plan";
import type { EditSummary, SwapReport, WrittenAdapter } from "@revocab/report";
import {
  type Block,
  type Cell,
  counted,
  figure,
  grouped,
  list,
  notes,
  paragraph,
  type ReportDocument,
  section,
  table,
} from "@revocab/report-document";
import type { AdapterReport, EditPlanSummary, EditReport } from "@revocab/transfer";
import { describeAgreement } from "@revocab/vocab-alignment";
import { inFlags } from "../in-flags.ts";
import { comparisonBlocks } from "./present-comparison.ts";
import { amountOf, swapEvaluationSection } from "./present-evaluation.ts";
import { withBlocks } from "./with-blocks.ts";

/** The counts of a plan, and the notes of its methods. */
export function presentPlan(summary: PlanSummary): ReportDocument {
  return {
    title: titleOf(summary),
    blocks: [...countSections(summary), ...trainingSections(summary.training), notes(summary.notes)],
  };
}

/** A plan that was written to a file. */
export function presentSavedPlan(summary: PlanSummary, out: string): ReportDocument {
  return withBlocks(presentPlan(summary), paragraph(`Written to ${out}`));
}

function titleOf({ recipe, source, target, tables }: PlanSummary): string {
  const hasOutput = tables.some(({ slot }) => slot === "output");
  const head = source.tied ? "tied" : hasOutput ? "own head" : "no head";
  return (
    `${source.name} (${source.modelType}, ${grouped(source.rows)} rows, ${head}) → ` +
    `${target.name} (${grouped(target.tokens)} tokens, ${grouped(target.rows)} rows${recipe.untie ? ", own head" : ""})`
  );
}

function countSections({ alignment, digits, tables }: PlanSummary): readonly Block[] {
  const counts = [
    ["shared", alignment.shared, "same bytes"],
    ["specials by role", alignment.specialByRole, "same purpose: bos, eos, …"],
    ["specials by string", alignment.specialByString, "written alike"],
    ["spelled", alignment.spelled, "in two or more source tokens"],
    ["spelled in bytes", alignment.byteOnly, "by byte tokens alone"],
    ["without evidence", alignment.withoutEvidence, "neither matched nor spelled"],
    ["unused", alignment.unused, "holes in the numbering"],
  ] as const;
  // only where numbers are split as before; else a note says so
  const agreement = digits && describeAgreement(digits);
  return [
    section(
      "How the target's tokens relate to the source's",
      countTable(counts),
      ...(agreement === undefined ? [] : [paragraph(agreement)]),
    ),
    originsSection(tables),
  ];
}

/** Names, counts and what they mean, without counts of 0. */
function countTable(counts: readonly (readonly [name: string, count: number, meaning: string])[]): Block {
  return table(
    counts.filter(([, count]) => count > 0).map(([name, count, meaning]) => [name, figure(count), meaning]),
  );
}

/** How many rows of each table come from which method. */
export function originsSection(tables: PlanSummary["tables"]): Block {
  return section(
    "Where each row comes from",
    table(
      tables.flatMap(({ slot, origins }) =>
        Object.entries(origins).map(([name, count], i): Cell[] => [i === 0 ? slot : "", figure(count), name]),
      ),
    ),
  );
}

/** What a finished swap changed, what the gate checked, and where the model is. */
export function presentSwap(report: SwapReport, out: string): ReportDocument {
  return withBlocks(presentStreamedSwap(report), paragraph(`Written to ${out}`));
}

/** A swap of which no folder was written. */
export function presentStreamedSwap(report: SwapReport): ReportDocument {
  const { comparison, evaluation, training, chatTemplate, edit } = report;
  return {
    title: titleOf(report),
    blocks: [
      ...countSections(report),
      parametersSection(report),
      configSection(report),
      ...(comparison ? [comparisonSection(comparison)] : []),
      ...trainingSections(training),
      ...(evaluation ? [swapEvaluationSection(evaluation, training !== undefined)] : []),
      checksSection(
        report,
        ...whoseTemplate(chatTemplate, edit === undefined ? undefined : "the model's own"),
      ),
      ...conversationSections(chatTemplate),
      ...besideWeights(report),
    ],
  };
}

/** What a finished training was worth, what the gate checked, and where the model is. */
export function presentHealed(report: SwapReport, out: string, state?: string): ReportDocument {
  const { source, target, tables, training } = report;
  return {
    title: `${source.name} (${source.modelType}, ${grouped(target.tokens)} tokens, ${grouped(target.rows)} rows)`,
    blocks: [
      originsSection(tables),
      ...trainingSections(training),
      checksSection(report),
      ...writtenBlocks(report, out),
      ...(state !== undefined && training?.ended === "told to"
        ? [
            paragraph(
              `The training can go on: it is kept in ${state}; run the command again with another --out`,
            ),
          ]
        : []),
    ],
  };
}

/** What stands beside the tables, and where all of it is. */
function writtenBlocks(report: SwapReport, out: string): readonly Block[] {
  return [...besideWeights(report), paragraph(`Written to ${out}`)];
}

function besideWeights(report: SwapReport): readonly Block[] {
  return [...(report.adapter ? [adapterSection(report.adapter)] : []), leftSection(report)];
}

function comparisonSection(comparison: NonNullable<SwapReport["comparison"]>): Block {
  return section("Methods compared", ...comparisonBlocks(comparison));
}

function configSection({ config, configNotes }: SwapReport): Block {
  return section(
    "Config",
    table(config.map(({ file, path, from, to }) => [file, path, `${shortened(from)} → ${shortened(to)}`])),
    notes(configNotes),
  );
}

/** A long value by its length: a map may hold thousands of image tokens. */
function shortened(value: unknown): string {
  if (value === undefined) return "not given";
  const text = JSON.stringify(value);
  if (text.length <= 60) return text;
  return Array.isArray(value) ? `[${value.length} items]` : `{${Object.keys(value as object).length} ids}`;
}

function trainingSections(training: PlanSummary["training"]): readonly Block[] {
  if (training === undefined) return [];
  const { text, objective, teacher, learned, steps, bestStep, tokens, seconds, heldOut, ended } = training;
  const { before, after } = heldOut;
  const rows = Object.entries(learned).map(([slot, count]) => `${grouped(count)} of ${slot}`);
  return [
    section(
      `Trained on ${text.name}, ${amountOf(text)}`,
      table([
        ["rows", rows.join(", ")],
        ["objective", teacher === undefined ? objective : `${objective}, from ${teacher}`],
        ["steps", `${grouped(steps)}, the best rows after step ${grouped(bestStep)}`],
        ["tokens", `${grouped(tokens)} in all`],
        [
          "bits per byte",
          `${before.toFixed(4)} → ${after.toFixed(4)}, on ${grouped(heldOut.bytes)} held-out bytes`,
        ],
        ...(seconds === undefined
          ? []
          : [["seconds", `${seconds.toFixed(1)}, ${grouped(Math.round(tokens / seconds))} tokens in each`]]),
        ["ended by", ENDS[ended]],
      ]),
    ),
  ];
}

const ENDS: Readonly<Record<NonNullable<PlanSummary["training"]>["ended"], string>> = {
  budget: "its budget",
  "no better": "rows that became no better",
  "not finite": "a loss that is no number: a lower --rate trains longer",
  "told to": "Ctrl-C",
};

function checksSection({ gate, notes: found }: SwapReport, ...more: readonly Block[]): Block {
  return section(
    "Checked",
    table(gate.checks.map(({ name, detail }) => ["✓", name, detail])),
    notes([...gate.notes, ...found]),
    ...more,
  );
}

/**
 * Whose chat template the model has, where it is none from a file.
 * @param whose in words; an edit has one model, not a source and a target @default the side that it is from
 */
function whoseTemplate(
  { from, file }: SwapReport["chatTemplate"],
  whose = `the ${from}'s`,
): readonly Block[] {
  return from === "none" || file !== undefined ? [] : [paragraph(`chat template: ${whose}`)];
}

/** Of a template from a file, a sample conversation as it renders it. */
function conversationSections({ file, sample }: SwapReport["chatTemplate"]): readonly Block[] {
  if (file === undefined || sample === undefined) return [];
  const { text, tokens, specials } = sample;
  return [
    section(
      `Chat template ${file.name}: a sample conversation in ${grouped(tokens)} tokens, ${grouped(specials.length)} of them specials`,
      { kind: "code", text },
    ),
  ];
}

function parametersSection(
  { parameters, recipe, gate }: Pick<SwapReport, "parameters" | "recipe"> & Partial<Pick<SwapReport, "gate">>,
  ...more: readonly Block[]
): Block {
  const head = gate?.tables.find(({ slot }) => slot === "output");
  const added =
    recipe.untie && head ? `, ${grouped(head.rows * head.columns)} of them in the untied head` : "";
  return section(
    "Parameters",
    paragraph(`${grouped(parameters.before)} → ${grouped(parameters.after)}${added}`),
    ...more,
  );
}

/** Files that were left out. Not those that a swap always replaces: weights, tokenizer files, hidden files. */
function leftSection({ companions, files }: Pick<SwapReport, "companions" | "files">): Block {
  const written = new Set(files.map(({ name }) => name));
  const expected = /^(hidden|written anew|belongs to the old tokenizer)$/;
  const left = companions.left.filter(({ name, reason }) => !written.has(name) && !expected.test(reason));
  return section("Not carried over", table(left.map(({ name, reason }) => [name, inFlags(reason)])));
}

/** What a finished edit changed in the vocabulary, then in the model. */
export function presentEdit({ added, ...report }: EditReport, out: string): ReportDocument {
  const document = presentSwap(report, out);
  return { ...document, blocks: [...changesSections(report.edit, added), ...document.blocks] };
}

/** The same of an edit that is only planned. */
export function presentEditPlan(summary: EditPlanSummary): ReportDocument {
  const { edit, added, removed, comparison, tableBytes, chatTemplate } = summary;
  const document = presentPlan(summary);
  const bytes = `tables with a row per token: ${grouped(tableBytes.before)} → ${grouped(tableBytes.after)} bytes`;
  return {
    ...document,
    blocks: [
      ...changesSections(edit, added, removed),
      ...document.blocks,
      parametersSection(
        summary,
        paragraph(bytes),
        ...(chatTemplate === undefined ? [] : whoseTemplate(chatTemplate)),
      ),
      ...(chatTemplate === undefined ? [] : conversationSections(chatTemplate)),
      ...(comparison === null ? [] : [comparisonSection(comparison)]),
    ],
  };
}

type Entries = readonly { readonly token: string }[];

function changesSections(
  edit: EditSummary | undefined,
  added: Entries,
  removed: Entries = [],
): readonly Block[] {
  if (edit === undefined) return [];
  const { pieces, steps, addedTokens, promoted, renamed, refused, pruned } = edit;
  const pairs = renamed.map(({ from, to }) => ({ token: `${from} → ${to}` }));
  return [
    section(
      "Changes of the vocabulary",
      countTable([
        ["pieces added", pieces, ""],
        ["steps added", steps, "tokens that merges build pieces from"],
        ["added tokens", addedTokens, "found before the model runs"],
        ["promoted", promoted.length, "entries that are control tokens now, at their own ids"],
        ["renamed", renamed.length, "reserved tokens, at their own ids"],
        ["refused", refused.length, ""],
        ["taken out", edit.removed, ""],
        ["kept", pruned?.kept ?? 0, ""],
        ["of these always", pruned?.always ?? 0, "specials, and what writes any text"],
        ["of these as steps", pruned?.steps ?? 0, "merges build others from them"],
      ]),
      list([
        ...examplesOf("added", added),
        ...examplesOf("promoted", promoted),
        ...examplesOf("renamed", pairs),
        ...examplesOf("taken out", removed),
        ...refused.map(({ text, reason }) => `refused ${quote(text)}: ${inFlags(reason)}`),
      ]),
    ),
  ];
}

function examplesOf(name: string, tokens: Entries): readonly string[] {
  if (tokens.length === 0) return [];
  const examples = tokens.slice(0, 8).map(({ token }) => token);
  return [`${name}: ${examples.join(" ")}${tokens.length > examples.length ? " …" : ""}`];
}

/** What changed in a rewritten adapter, and where it is. */
export function presentAdapter(report: AdapterReport, out: string): ReportDocument {
  const { source, target, notes: found, chatTemplate } = report;
  return {
    title: `adapter of ${source.name} (${grouped(source.rows)} rows) → ${target.name} (${grouped(target.rows)} rows)`,
    blocks: [
      adapterSection(report, notes(found), ...(chatTemplate === null ? [] : whoseTemplate(chatTemplate))),
      leftSection({ ...report, files: [] }),
      paragraph(`Written to ${out}`),
    ],
  };
}

/** The rewritten tensors of an adapter one by one, the copied ones as a count. */
function adapterSection(
  { rewritten, copied, gone, config }: WrittenAdapter,
  ...more: readonly Block[]
): Block {
  return section(
    "Adapter",
    table([
      ...rewritten.map(({ name, slot, from, to }) => [
        slot,
        `[${from.join(" × ")}] → [${to.join(" × ")}]`,
        name,
      ]),
      ...gone.map((name) => ["", "left out", `${name}: the target has nothing of its tokens`]),
      ["", "copied", `${counted(copied, "tensor")} without a row per token, byte for byte`],
      ...config.map(({ path, from, to }) => ["config", path, `${quote(from)} → ${quote(to)}`]),
    ]),
    ...more,
  );
}
