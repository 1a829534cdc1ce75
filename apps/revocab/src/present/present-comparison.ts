import { bitsPerByteOf } from "@revocab/evaluation";
import { type ComparedMethod, labelOf, type MethodComparison } from "@revocab/measure";
import {
  type BarChart,
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
  type TextDocument,
  table,
} from "@revocab/report-document";
import { inFlags } from "../in-flags.ts";
import { amountOf } from "./present-evaluation.ts";

/**
 * Methods side by side, in the order they were tried.
 * @param command makes a model with the best of them
 */
export function presentComparison(comparison: MethodComparison, command: string): TextDocument {
  return {
    blocks: [
      ...comparisonBlocks(comparison),
      section("To make a model with it", { kind: "code", text: command, language: "sh" }),
    ],
  };
}

/** The same for a page: the scores and the times as charts too. */
export function comparisonPage(comparison: MethodComparison, title: string): ReportDocument {
  return {
    title,
    lead: `${bestOf(comparison)}, on ${amountOf(comparison.text)}.`,
    blocks: [
      section("Scores", scoreChart(comparison)),
      section("Seconds", secondsChart(comparison)),
      section("All figures", ...comparisonBlocks(comparison)),
    ],
  };
}

/** A line for each method, which one is best, and why others were left out. */
export function comparisonBlocks(comparison: MethodComparison): readonly Block[] {
  const { text, training, methods, leftOut, notes: onNumbers = [], best } = comparison;
  const chosen = methods[best] as ComparedMethod;
  return [
    paragraph(`${amountOf(text)}; rows hidden and reconstructed: ${hiddenOf(chosen)}`),
    ...(training === undefined
      ? []
      : [paragraph(`rows trained for ${stepsOf(comparison)} on ${amountOf(training.text)}`)]),
    notes(onNumbers),
    scoreTable(comparison),
    paragraph(bestOf(comparison)),
    list(leftOut.map(({ name, reason }) => `left out: ${name}: ${inFlags(reason)}`)),
    notes([...new Set([...text.notes, ...(training?.text.notes ?? []), ...methods.flatMap(notesOf)])]),
  ];
}

function bestOf(comparison: MethodComparison): string {
  const { training, methods, best } = comparison;
  const when =
    training === undefined ? "before any training" : `after ${stepsOf(comparison)} of training its rows`;
  return `Best: ${labelOf(methods[best] as ComparedMethod)}, the fewest ${measureOf(comparison)} ${when}`;
}

function scoreTable(comparison: MethodComparison): Block {
  const { training, source, methods, best } = comparison;
  const isPseudo = source.kind !== "bits-per-byte";
  /** A cell of a column that is there only where rows were trained. */
  const trained = <Trained>(cell: Trained) => (training === undefined ? [] : [cell]);
  return table(
    [
      [
        "",
        "(source model)",
        figure(bitsPerByteOf(source), 4),
        ...trained(undefined),
        figure(source.bytesPerToken, 2),
      ],
      ...methods.map((method, i): Cell[] => [
        i === best ? "★" : "",
        labelOf(method),
        figure(bitsPerByteOf(method.evaluation), 4),
        ...trained(method.after && figure(bitsPerByteOf(method.after.evaluation), 4)),
        figure(method.evaluation.bytesPerToken, 2),
        ...reconstructed(method, "input"),
        ...reconstructed(method, "output"),
        figure(method.seconds, 1),
        ...trained(method.after && figure(method.after.training.seconds, 1)),
      ]),
    ],
    [
      "",
      "method",
      isPseudo ? "pseudo bits/byte" : "bits/byte",
      ...trained(`after ${stepsOf(comparison)}`),
      { title: "bytes/token", expendable: 2 },
      "cosine",
      { title: "rank", expendable: 4 },
      { title: "head cosine", expendable: 1 },
      { title: "head rank", expendable: 5 },
      { title: "seconds", expendable: 3 },
      ...trained({ title: "of training", expendable: 6 }),
    ],
  );
}

/** The score of each method before any training and after it; the source model's is the one to reach. */
function scoreChart(comparison: MethodComparison): BarChart {
  const { training, source, methods } = comparison;
  const measure = measureOf(comparison);
  return {
    kind: "bars",
    title: `${measure.charAt(0).toUpperCase()}${measure.slice(1)} of each method`,
    measure,
    series: training === undefined ? [measure] : ["before any training", `after ${stepsOf(comparison)}`],
    bars: [
      { label: "(source model)", values: [bitsPerByteOf(source)] },
      ...methods.map(({ evaluation, after, ...method }) => ({
        label: labelOf(method),
        values: [evaluation, ...(after === undefined ? [] : [after.evaluation])].map(bitsPerByteOf),
      })),
    ],
    arrangement: "grouped",
    places: 3,
  };
}

/** What each method costs: a swap takes the time of its rows and of their training, the rest is measuring. */
function secondsChart({ training, methods }: MethodComparison): BarChart {
  return {
    kind: "bars",
    title: "What a swap with each method takes",
    measure: "seconds",
    series: ["rows", ...(training === undefined ? [] : ["training"])],
    bars: methods.map(({ rowSeconds, after, ...method }) => ({
      label: labelOf(method),
      values: [rowSeconds, ...(after === undefined ? [] : [after.training.seconds])],
    })),
    places: 1,
  };
}

function measureOf({ source }: MethodComparison): string {
  return source.kind === "bits-per-byte" ? "bits per byte" : "pseudo bits per byte";
}

function stepsOf({ training }: MethodComparison): string {
  return counted(training?.steps ?? 0, "step");
}

/** Mean cosine to the true row, and the median rank of the true row among all. */
function reconstructed({ leaveOut }: ComparedMethod, slot: string): readonly [Cell, Cell] {
  const found = leaveOut.tables.find((one) => one.slot === slot);
  if (found?.cosine == null || found.rank == null) return [undefined, undefined];
  const { median } = found.rank;
  return [figure(found.cosine.mean, 3), figure(median, Number.isInteger(median) ? 0 : 1)];
}

/** Notes of the score, why rows could not be reconstructed, and where training ended before its last step. */
function notesOf(method: ComparedMethod): readonly string[] {
  const { evaluation, leaveOut, after } = method;
  const found = leaveOut.note === null ? evaluation.notes : [...evaluation.notes, leaveOut.note];
  if (after === undefined || after.training.ended === "budget") return found;
  const { steps, bestStep, ended } = after.training;
  const why = ended === "no better" ? "its rows no longer got better" : "its loss was no number";
  return [
    ...found,
    `${labelOf(method)}: training ended after ${counted(steps, "step")}, for ${why}; scored are the rows of step ${grouped(bestStep)}`,
  ];
}

function hiddenOf({ leaveOut }: ComparedMethod): string {
  return `${grouped(leaveOut.hiddenTokens)} of ${grouped(leaveOut.sharedTokens)} shared tokens`;
}
