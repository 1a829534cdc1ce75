import { bitsPerByteOf } from "@revocab/evaluation";
import {
  type ByteLevelSummary,
  type ComparedMethod,
  labelOf,
  type MethodComparison,
  type ModelEvaluation,
  type ServedEvaluation,
  type SwapEvaluation,
} from "@revocab/measure";
import { inFlags } from "./in-flags.ts";
import { escaped, grouped, printNotes, printTable } from "./terminal.ts";

type Evaluation = SwapEvaluation["before"];

/** The scores of one model on a text. */
export function printEvaluation(evaluation: ModelEvaluation | ServedEvaluation): string {
  const { documents, bytes, seconds } = evaluation;
  const byteLevel = "byteLevel" in evaluation ? evaluation.byteLevel : undefined;
  const served = "served" in evaluation ? evaluation.served : undefined;
  return [
    served === undefined ? "" : escaped`Served as ${served.model} at ${served.server}\n`,
    evaluation.kind === "bits-per-byte"
      ? ""
      : "Masked model: pseudo-likelihood of a sample, not comparable with a decoder's bits per byte\n",
    printTable([
      ...figures(evaluation).map(([name, value]) => [name, value]),
      ["text", amountOf({ bytes, documents })],
      ["seconds", seconds.toFixed(1)],
    ]),
    byteLevel === undefined ? "" : printByteLevel(byteLevel),
    printNotes(evaluation.notes),
  ].join("");
}

function printByteLevel({
  bitsPerByte,
  tokenBitsPerByte,
  invalidMass,
  passes,
  skippedDocuments,
}: ByteLevelSummary): string {
  return [
    "\nBy bytes: the sum over all ways to write the text in tokens\n",
    printTable([
      ["bits per byte", bitsPerByte.toFixed(4)],
      ["by the tokenizer's own tokens", tokenBitsPerByte.toFixed(4)],
      ["mass on what the tokenizer never writes", `${(100 * invalidMass).toFixed(3)} %`],
      ["passes of the model", grouped(passes)],
    ]),
    ...skippedDocuments
      .slice(0, 1)
      .map(({ reason }) =>
        printNotes([
          `${grouped(skippedDocuments.length)} documents could not be scored by bytes, the first because ${inFlags(reason)}`,
        ]),
      ),
  ].join("");
}

/** The scores before and after a swap, side by side. */
export function printSwapEvaluation({ text, before, after }: SwapEvaluation, isTrained = false): string {
  const [first, second] = [figures(before), figures(after)];
  return [
    escaped`\nMeasured on ${text.name}, ${amountOf(text)}, before any training${isTrained ? " but that of rows" : ""}\n`,
    printTable([
      ["", "before", "after"],
      ...first.map(([name, value], i) => [name, value, second[i]?.[1] ?? ""]),
      ["seconds", before.seconds.toFixed(1), after.seconds.toFixed(1)],
    ]),
    printNotes(text.notes),
    ...[
      ["before", before.notes],
      ["after", after.notes],
    ].map(([when, notes]) => printNotes(notes as readonly string[], `${when}: `)),
  ].join("");
}

/** One line per method, in the order they were tried. */
export function printComparison(comparison: MethodComparison): string {
  const { text, training, source, methods, leftOut, notes = [], best } = comparison;
  const pseudo = source.kind === "bits-per-byte" ? "" : "pseudo ";
  const chosen = methods[best] as ComparedMethod;
  const steps = counted(training?.steps ?? 0, "step");
  /** A cell of a column that is there only where rows were trained. */
  const trained = (cell: string) => (training === undefined ? [] : [cell]);
  return [
    `${amountOf(text)}; rows hidden and reconstructed: ${hiddenOf(chosen)}\n`,
    training === undefined ? "" : `rows trained for ${steps} on ${amountOf(training.text)}\n`,
    printNotes(notes),
    "\n",
    printTable([
      [
        "",
        "method",
        `${pseudo}bits/byte`,
        ...trained(`after ${steps}`),
        "bytes/token",
        "cosine",
        "rank",
        "head cosine",
        "head rank",
        "seconds",
        ...trained("of training"),
      ],
      [
        "",
        "(source model)",
        bitsPerByteOf(source).toFixed(4),
        ...trained(""),
        source.bytesPerToken.toFixed(2),
      ],
      ...methods.map((method, i) => [
        i === best ? "★" : "",
        labelOf(method),
        bitsPerByteOf(method.evaluation).toFixed(4),
        ...trained(method.after === undefined ? "" : bitsPerByteOf(method.after.evaluation).toFixed(4)),
        method.evaluation.bytesPerToken.toFixed(2),
        ...reconstructed(method, "input"),
        ...reconstructed(method, "output"),
        method.seconds.toFixed(1),
        ...trained(method.after?.training.seconds.toFixed(1) ?? ""),
      ]),
    ]),
    escaped`\nBest: ${labelOf(chosen)}, the fewest ${pseudo}bits per byte ${training === undefined ? "before any training" : `after ${steps} of training its rows`}\n`,
    ...leftOut.map(({ name, reason }) => escaped`  left out: ${name}: ${inFlags(reason)}\n`),
    printNotes([...new Set([...text.notes, ...(training?.text.notes ?? []), ...methods.flatMap(notesOf)])]),
  ].join("");
}

function figures(evaluation: Evaluation): [string, string][] {
  const { bytesPerToken, tokens } = evaluation;
  const shared: [string, string][] = [
    ["bytes per token", bytesPerToken.toFixed(3)],
    ["tokens", grouped(tokens)],
  ];
  if (evaluation.kind === "bits-per-byte") {
    return [
      ["bits per byte", evaluation.bitsPerByte.toFixed(4)],
      ["bits per token", evaluation.bitsPerToken.toFixed(3)],
      ...shared,
      ["context", grouped(evaluation.context)],
    ];
  }
  return [
    ["pseudo bits per byte", evaluation.pseudoBitsPerByte.toFixed(4)],
    ["pseudo bits per token", evaluation.pseudoBitsPerToken.toFixed(3)],
    ...shared,
    ["masked tokens", grouped(evaluation.sampledTokens)],
    ["context", grouped(evaluation.context)],
  ];
}

/** Mean cosine to the true row, and the median rank of the true row among all. */
function reconstructed({ leaveOut }: ComparedMethod, slot: string): [string, string] {
  const table = leaveOut.tables.find((one) => one.slot === slot);
  if (table?.cosine == null || table.rank == null) return ["", ""];
  return [table.cosine.mean.toFixed(3), grouped(table.rank.median)];
}

/** Notes of the score, why rows could not be reconstructed, and where training ended before its last step. */
function notesOf(method: ComparedMethod): readonly string[] {
  const { evaluation, leaveOut, after } = method;
  const notes = leaveOut.note === null ? evaluation.notes : [...evaluation.notes, leaveOut.note];
  if (after === undefined || after.training.ended === "budget") return notes;
  const { steps, bestStep, ended } = after.training;
  const why = ended === "no better" ? "its rows no longer got better" : "its loss was no number";
  return [
    ...notes,
    `${labelOf(method)}: training ended after ${counted(steps, "step")}, for ${why}; scored are the rows of step ${grouped(bestStep)}`,
  ];
}

export function amountOf({ bytes, documents }: { bytes: number; documents: number }): string {
  return `${grouped(bytes)} bytes in ${counted(documents, "document")}`;
}

function counted(number: number, one: string): string {
  return `${grouped(number)} ${one}${number === 1 ? "" : "s"}`;
}

function hiddenOf({ leaveOut }: ComparedMethod): string {
  return `${grouped(leaveOut.hiddenTokens)} of ${grouped(leaveOut.sharedTokens)} shared tokens`;
}
