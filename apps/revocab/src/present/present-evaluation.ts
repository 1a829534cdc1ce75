import type {
  ByteLevelSummary,
  MixtureEvaluation,
  ModelEvaluation,
  ServedEvaluation,
  SwapEvaluation,
} from "@revocab/measure";
import {
  type Block,
  type Cell,
  counted,
  figure,
  notes,
  paragraph,
  section,
  type TextDocument,
  table,
} from "@revocab/report-document";
import { lossSections, swapLossSections } from "./present-losses.ts";

type Evaluation = SwapEvaluation["before"];

/** The scores of one model on a text. */
export function presentEvaluation(evaluation: ModelEvaluation | ServedEvaluation): TextDocument {
  const { documents, bytes, seconds } = evaluation;
  const byteLevel = "byteLevel" in evaluation ? evaluation.byteLevel : undefined;
  const served = "served" in evaluation ? evaluation.served : undefined;
  return {
    blocks: [
      ...(served === undefined ? [] : [paragraph(`Served as ${served.model} at ${served.server}`)]),
      ...(evaluation.kind === "bits-per-byte" ? [] : [paragraph(MASKED)]),
      table([
        ...figuresOf(evaluation),
        ["text", amountOf({ bytes, documents })],
        ["seconds", figure(seconds, 1)],
      ]),
      ...(byteLevel === undefined ? [] : [byteLevelSection(byteLevel)]),
      ...(evaluation.byToken === undefined ? [] : lossSections(evaluation.byToken)),
      notes(evaluation.notes),
    ],
  };
}

const MASKED = "Masked model: pseudo-likelihood of a sample, not comparable with a decoder's bits per byte";

function byteLevelSection({
  bitsPerByte,
  tokenBitsPerByte,
  invalidMass,
  passes,
  skippedDocuments,
}: ByteLevelSummary): Block {
  return section(
    "By bytes: the sum over all ways to write the text in tokens",
    table([
      ["bits per byte", figure(bitsPerByte, 4)],
      ["by the tokenizer's own tokens", figure(tokenBitsPerByte, 4)],
      ["mass on what the tokenizer never writes", figure(100 * invalidMass, 3, "%")],
      ["passes of the model", figure(passes)],
    ]),
    notes(noteOfSkipped(skippedDocuments)),
  );
}

function noteOfSkipped(skipped: ByteLevelSummary["skippedDocuments"]): string[] {
  return skipped
    .slice(0, 1)
    .map(
      ({ reason }) =>
        `${counted(skipped.length, "document")} could not be scored by bytes, the first because ${reason}`,
    );
}

/** The scores of models that vote, together and each alone. */
export function presentMixture({
  bitsPerByte,
  mean,
  members,
  fitted,
  predictedBytes,
  seconds,
  skippedDocuments,
  ...evaluation
}: MixtureEvaluation): TextDocument {
  return {
    blocks: [
      paragraph(
        `Byte by byte, by the weighted ${mean === "arithmetic" ? "mean of probabilities" : "mean of logarithms of probabilities"}`,
      ),
      table(
        [
          ["together", figure(bitsPerByte, 4), figure(1, 3), undefined],
          ...members.map(({ model, weight, bitsPerByte: alone, cost }): Cell[] => [
            model,
            figure(alone, 4),
            figure(weight, 3),
            figure(cost.passes / predictedBytes, 2),
          ]),
        ],
        ["", "bits/byte", "weight", "passes per byte"],
      ),
      table([
        ...(fitted === undefined
          ? []
          : [
              ["weights fitted on", counted(fitted.bytes, "byte")] as const,
              ["bits per byte there", figure(fitted.bitsPerByte, 4)] as const,
            ]),
        ["text", amountOf(evaluation)],
        ["seconds", figure(seconds, 1)],
      ]),
      notes([...noteOfSkipped(skippedDocuments), ...evaluation.notes]),
    ],
  };
}

/** The scores before and after a swap, side by side. */
export function swapEvaluationSection(
  { text, before, after, byToken }: SwapEvaluation,
  isTrained = false,
): Block {
  const afterwards = figuresOf(after);
  return section(
    `Measured on ${text.name}, ${amountOf(text)}, before any training${isTrained ? " but that of rows" : ""}`,
    table(
      [
        ...figuresOf(before).map(([name, value], i): Cell[] => [name, value, afterwards[i]?.[1]]),
        ["seconds", figure(before.seconds, 1), figure(after.seconds, 1)],
      ],
      ["", "before", "after"],
    ),
    ...(byToken === undefined ? [] : swapLossSections(byToken)),
    notes([
      ...text.notes,
      ...before.notes.map((note) => `before: ${note}`),
      ...after.notes.map((note) => `after: ${note}`),
    ]),
  );
}

function figuresOf(evaluation: Evaluation): readonly (readonly [name: string, value: Cell])[] {
  const { bytesPerToken, tokens, context } = evaluation;
  const shared = [
    ["bytes per token", figure(bytesPerToken, 3)],
    ["tokens", figure(tokens)],
  ] as const;
  if (evaluation.kind === "bits-per-byte") {
    return [
      ["bits per byte", figure(evaluation.bitsPerByte, 4)],
      ["bits per token", figure(evaluation.bitsPerToken, 3)],
      ...shared,
      ["context", figure(context)],
    ];
  }
  return [
    ["pseudo bits per byte", figure(evaluation.pseudoBitsPerByte, 4)],
    ["pseudo bits per token", figure(evaluation.pseudoBitsPerToken, 3)],
    ...shared,
    ["masked tokens", figure(evaluation.sampledTokens)],
    ["context", figure(context)],
  ];
}

export function amountOf({ bytes, documents }: { bytes: number; documents: number }): string {
  return `${counted(bytes, "byte")} in ${counted(documents, "document")}`;
}
