import type { TrainingInspection } from "@revocab/donor";
import type { Inspection, ModelInspection, TokenizerInspection } from "@revocab/plan";
import {
  type Block,
  figure,
  grouped,
  list,
  paragraph,
  type ReportDocument,
  section,
  table,
} from "@revocab/report-document";
import { describeDigits } from "@revocab/vocabulary";
import { inFlags } from "../in-flags.ts";

/** What `inspect` found, and the value of --json. */
export interface FullInspection extends Inspection {
  /** With --well-trained. */
  readonly training?: TrainingInspection;
}

export function presentInspection({
  name,
  model,
  tokenizer,
  training,
  surprises,
}: FullInspection): ReportDocument {
  return {
    title: model ? titleOf(name, model) : name,
    blocks: [
      ...(model ? [tablesSection(model)] : []),
      ...(tokenizer ? tokenizerSections(tokenizer) : [paragraph("Tokenizer: none")]),
      ...(training ? trainingSections(training) : []),
      section("Surprises", list(surprises.map(inFlags))),
    ],
  };
}

const HEADS = {
  tied: "tied: input and head share their rows",
  own: "the head has rows of its own",
  none: "the model has no head",
};

function titleOf(name: string, { modelType, files }: ModelInspection): string {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return `${name}: ${modelType}, ${files.length} weight file${files.length === 1 ? "" : "s"}, ${sized(bytes)}`;
}

function tablesSection({ head, tables }: ModelInspection): Block {
  return section(
    `Tensors with a row per token (${HEADS[head]})`,
    table(
      tables.map(({ slot, tensors, shape: [rows, columns], dtype }) => [
        slot,
        `${grouped(rows)} × ${grouped(columns)}`,
        dtype,
        tensors.join(" = "),
      ]),
    ),
  );
}

function tokenizerSections(tokenizer: TokenizerInspection): readonly Block[] {
  const { family, size, kinds, duplicates, specials, hasChatTemplate, digits, fingerprint } = tokenizer;
  return [
    section(
      `Tokenizer: ${family}, ${grouped(size)} ids, fingerprint ${fingerprint.slice(0, 12)}`,
      table(
        Object.entries(kinds)
          .filter(([, count]) => count > 0)
          .map(([kind, count]) => [kind, figure(count)]),
      ),
      list([
        ...(duplicates > 0
          ? [`${grouped(duplicates)} of them stand for the same bytes as another token`]
          : []),
        ...(digits ? [`numbers: ${describeDigits(digits)}`] : []),
        `chat template: ${hasChatTemplate ? "yes" : "no"}`,
      ]),
    ),
    section(
      "Special tokens",
      table(
        specials.slice(0, MAX_SPECIALS).map(({ id, token, roles }) => [`${id}`, token, roles.join(", ")]),
      ),
      ...rest(specials.length, MAX_SPECIALS),
    ),
  ];
}

const MAX_SPECIALS = 24;

function trainingSections({
  tokens,
  unusedRows,
  indicators,
  suspected,
}: TrainingInspection): readonly Block[] {
  if (indicators.length === 0) {
    return [
      paragraph(
        "Which tokens look hardly trained cannot be told: the head is tied, and no row is without a token",
      ),
    ];
  }
  return [
    section(
      `Tokens that look hardly trained: ${grouped(suspected.length)} of ${grouped(tokens)} (an indicator suspects at most 1 % of all rows)`,
      table(
        indicators.map(({ name, suspects, threshold, tokens: count }) => [
          name,
          `${suspects} ${threeDigits(threshold)}`,
          figure(count),
        ]),
      ),
      list(unusedRows === 0 ? [] : [`unused rows: ${grouped(unusedRows)}`]),
    ),
    section(
      "The worst of them",
      table(
        suspected
          .slice(0, MAX_SUSPECTED)
          .map(({ id, token, suspicions }) => [
            `${id}`,
            `"${token}"`,
            suspicions.map(({ indicator, value }) => `${indicator} ${threeDigits(value)}`).join(", "),
          ]),
      ),
      ...rest(suspected.length, MAX_SUSPECTED),
    ),
  ];
}

const MAX_SUSPECTED = 20;

function rest(count: number, shown: number): readonly Block[] {
  return count > shown ? [list([`… and ${grouped(count - shown)} more`])] : [];
}

function threeDigits(value: number): string {
  return value.toPrecision(3);
}

function sized(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${grouped(Math.round(bytes / 1e5) / 10)} MB`;
}
