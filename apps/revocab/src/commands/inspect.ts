import type { TrainingInspection } from "@revocab/donor";
import type { Inspection, InspectOptions, ModelInspection, TokenizerInspection } from "@revocab/plan";
import type { Command } from "commander";
import { inFlags } from "../in-flags.ts";
import { withResolvedModels } from "../resolve-models.ts";
import { type CommandContext, runCommand } from "../run-command.ts";
import { escaped, grouped, printTable } from "../terminal.ts";
import { type ModelFlags, modelOptions, withModelOptions } from "./options/inputs.ts";

export function registerInspect(program: Command): void {
  const command = program
    .command("inspect")
    .summary("show the vocabulary of a model or tokenizer")
    .description("Show vocabulary-sized tensors, tying, dtypes, kinds and roles of tokens, and surprises.")
    .argument(
      "<path>",
      "a model folder, a tokenizer folder, a tokenizer.json, a SentencePiece .model, or a repository of the Hub",
    );
  withModelOptions(
    command.option(
      "--well-trained",
      "also show which tokens look hardly trained, by the model's rows; of a repository only these are fetched",
    ),
  ).action(async (path: string, flags: Flags) => {
    const { describeDigits } = await import("@revocab/vocabulary");
    await runCommand(
      command,
      (context) =>
        withResolvedModels(context, { path: { name: path, want: "any" } }, ({ paths, weights }) =>
          inspect(paths.path, { ...modelOptions(flags), weights: weights.path }, flags, context),
        ),
      (inspection) => printInspection(inspection, describeDigits),
      { readsOnly: true },
    );
  });
}

interface Flags extends ModelFlags {
  readonly wellTrained?: boolean;
}

/** What is printed, and the value of --json. */
interface FullInspection extends Inspection {
  /** With --well-trained. */
  readonly training?: TrainingInspection;
}

async function inspect(
  path: string,
  options: InspectOptions,
  { wellTrained = false }: Flags,
  { job }: CommandContext,
): Promise<FullInspection> {
  const { inspectPath, openModel } = await import("@revocab/plan");
  const inspection = await inspectPath(path, { ...options, digits: true });
  if (!wellTrained) return inspection;
  const { inspectTraining } = await import("@revocab/donor");
  const { readable, checkpoint, close } = await openModel(path, options);
  try {
    const training = await inspectTraining({ ...checkpoint, vocabulary: readable.vocabulary }, job);
    return { ...inspection, training };
  } finally {
    await close();
  }
}

type DescribeDigits = typeof import("@revocab/vocabulary").describeDigits;

function printInspection(
  { name, model, tokenizer, training, surprises }: FullInspection,
  describeDigits: DescribeDigits,
): string {
  return [
    model ? printModel(name, model) : escaped`${name}\n`,
    tokenizer ? printTokenizer(tokenizer, describeDigits) : "\nTokenizer: none\n",
    training ? printTraining(training) : "",
    surprises.length > 0 ? "\nSurprises\n" : "",
    ...surprises.map((surprise) => escaped`  ${inFlags(surprise)}\n`),
  ].join("");
}

const HEADS = {
  tied: "tied: input and head share their rows",
  own: "the head has rows of its own",
  none: "the model has no head",
};
const MAX_SPECIALS = 24;

function printModel(name: string, { modelType, head, files, tables }: ModelInspection): string {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return [
    escaped`${name}: ${modelType}, ${files.length} weight file${files.length === 1 ? "" : "s"}, ${sized(bytes)}\n`,
    `\nTensors with a row per token (${HEADS[head]})\n`,
    printTable(
      tables.map(({ slot, tensors, shape: [rows, columns], dtype }) => [
        slot,
        `${grouped(rows)} × ${grouped(columns)}`,
        dtype,
        tensors.join(" = "),
      ]),
    ),
  ].join("");
}

function printTokenizer(tokenizer: TokenizerInspection, describeDigits: DescribeDigits): string {
  const { family, size, kinds, duplicates, specials, hasChatTemplate, digits } = tokenizer;
  return [
    `\nTokenizer: ${family}, ${grouped(size)} ids, fingerprint ${tokenizer.fingerprint.slice(0, 12)}\n`,
    printTable(
      Object.entries(kinds)
        .filter(([, count]) => count > 0)
        .map(([kind, count]) => [kind, grouped(count)]),
    ),
    duplicates > 0 ? `  ${grouped(duplicates)} of them stand for the same bytes as another token\n` : "",
    !digits ? "" : `  numbers: ${describeDigits(digits)}\n`,
    `  chat template: ${hasChatTemplate ? "yes" : "no"}\n`,
    specials.length > 0 ? "\nSpecial tokens\n" : "",
    printTable(
      specials.slice(0, MAX_SPECIALS).map(({ id, token, roles }) => [`${id}`, token, roles.join(", ")]),
    ),
    specials.length > MAX_SPECIALS ? `  … and ${specials.length - MAX_SPECIALS} more\n` : "",
  ].join("");
}

const MAX_SUSPECTED = 20;

function printTraining({ tokens, unusedRows, indicators, suspected }: TrainingInspection): string {
  if (indicators.length === 0) {
    return "\nWhich tokens look hardly trained cannot be told: the head is tied, and no row is without a token\n";
  }
  return [
    `\nTokens that look hardly trained: ${grouped(suspected.length)} of ${grouped(tokens)} (an indicator suspects at most 1 % of all rows)\n`,
    printTable(
      indicators.map(({ name, suspects, threshold, tokens: count }) => [
        name,
        `${suspects} ${figure(threshold)}`,
        grouped(count),
      ]),
    ),
    unusedRows === 0 ? "" : `  unused rows: ${grouped(unusedRows)}\n`,
    suspected.length > 0 ? "\nThe worst of them\n" : "",
    printTable(
      suspected
        .slice(0, MAX_SUSPECTED)
        .map(({ id, token, suspicions }) => [
          `${id}`,
          `"${token}"`,
          suspicions.map(({ indicator, value }) => `${indicator} ${figure(value)}`).join(", "),
        ]),
    ),
    suspected.length > MAX_SUSPECTED ? `  … and ${grouped(suspected.length - MAX_SUSPECTED)} more\n` : "",
  ].join("");
}

function figure(value: number): string {
  return value.toPrecision(3);
}

function sized(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${grouped(Math.round(bytes / 1e5) / 10)} MB`;
}
