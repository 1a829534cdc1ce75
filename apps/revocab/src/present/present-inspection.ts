import { showLine } from "@revocab/core";
import type { Inspection, ModelInspection, Predictions, TokenizerInspection } from "@revocab/plan";
import {
  type Block,
  type Cell,
  figure,
  grouped,
  list,
  paragraph,
  type ReportDocument,
  section,
  table,
} from "@revocab/report-document";
import type { TrainingInspection } from "@revocab/token-training";
import { DEVICES, describeDigits, describeGguf, describeReference } from "@revocab/vocabulary";
import { inFlags } from "../in-flags.ts";

/** What `inspect` found, and the value of --json. */
export interface FullInspection extends Inspection {
  /** With --well-trained. */
  readonly training?: TrainingInspection;
}

/** @param isWhole with everything that was found, for a page; otherwise the first lines of long lists */
export function presentInspection(
  { name, model, tokenizer, predictions, training, surprises }: FullInspection,
  { isWhole = false }: { readonly isWhole?: boolean } = {},
): ReportDocument {
  return {
    title: model ? titleOf(name, model) : name,
    blocks: [
      ...(model ? [tablesSection(model)] : []),
      ...(tokenizer ? tokenizerSections(tokenizer, isWhole) : [paragraph("Tokenizer: none")]),
      ...(predictions ? predictionSections(predictions, isWhole) : []),
      ...(training ? trainingSections(training, isWhole) : []),
      section("Surprises", list(surprises.map(inFlags))),
    ].filter((block) => block.kind !== "section" || block.blocks.some(isFilled)),
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

function tokenizerSections(tokenizer: TokenizerInspection, isWhole: boolean): readonly Block[] {
  const { family, size, kinds, duplicates, specials, hasChatTemplate, digits, fingerprint } = tokenizer;
  const shown = isWhole ? specials.length : MAX_SPECIALS;
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
        specials
          .slice(0, shown)
          .map(({ id, token, roles }) => [
            `${id}`,
            [{ code: showLine(token, LONGEST_TOKEN) }],
            roles.join(", "),
          ]),
      ),
      ...rest(specials.length, shown),
    ),
  ];
}

const MAX_SPECIALS = 24;
/** Characters of a token: a longer one would push the columns after it out of sight. */
const LONGEST_TOKEN = 100;

function predictionSections({ gguf, reference, serving }: Predictions, isWhole: boolean): readonly Block[] {
  const { rows, powerOfTwo, programs } = serving;
  const columns = [
    "program",
    ...DEVICES.map((devices) => ({ title: `${devices}`, align: "right" as const })),
    ...(isWhole ? ["rule"] : []),
  ];
  return [
    section(
      "What other programs will make of it",
      table([
        [`llama.cpp (${gguf.architecture})`, describeGguf(gguf)],
        ...(isWhole ? [["hash of its check text", gguf.hash ?? "it cannot be written"]] : []),
        ["AutoTokenizer", describeReference(reference)],
        ...(isWhole && reference.example !== null ? exampleRows(reference.example) : []),
      ]),
    ),
    section(
      `Rows on ${DEVICES.slice(0, -1).join(", ")} and ${DEVICES.at(-1)} devices (of ${grouped(rows)}, ${powerOfTwo === 1 ? "an odd number" : `divisible by ${grouped(powerOfTwo)}`})`,
      table(
        programs.map(({ program, rows: onDevices, rule, source }) => [
          isWhole ? [{ link: source, text: program }] : program,
          ...onDevices.map((count): Cell => (count === null ? "whole on each" : figure(count))),
          ...(isWhole ? [rule] : []),
        ]),
        columns,
      ),
    ),
  ];
}

/** Which tokens of a model look hardly trained, and by what. @param isWhole for a page */
export function trainingSections(
  { tokens, unusedRows, indicators, suspected }: TrainingInspection,
  isWhole: boolean,
): readonly Block[] {
  const shown = isWhole ? MAX_ON_PAGE : MAX_SUSPECTED;
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
          .slice(0, shown)
          .map(({ id, token, suspicions }) => [
            `${id}`,
            ['"', { code: showLine(token, LONGEST_TOKEN) }, '"'],
            suspicions.map(({ indicator, value }) => `${indicator} ${threeDigits(value)}`).join(", "),
          ]),
      ),
      ...rest(suspected.length, shown),
    ),
  ];
}

const MAX_SUSPECTED = 20;
const MAX_ON_PAGE = 1000;

/** How a text is encoded in both ways, as far as it helps to see where they part. */
function exampleRows({
  text,
  file,
  reference,
}: NonNullable<Predictions["reference"]["example"]>): readonly (readonly Cell[])[] {
  const parts = file.findIndex((id, i) => id !== reference[i]);
  const from = Math.max(0, (parts < 0 ? file.length : parts) - 2);
  const shown = (ids: readonly number[]) =>
    `${from > 0 ? "… " : ""}${ids.slice(from, from + MAX_IDS).join(" ")}${ids.length > from + MAX_IDS ? " …" : ""}`;
  return [
    ["a text that shows it", [{ code: text }]],
    ["its ids by tokenizer.json", shown(file)],
    ["its ids by AutoTokenizer", shown(reference)],
  ];
}

const MAX_IDS = 12;

/** Not a table or list of nothing. */
function isFilled(block: Block): boolean {
  if (block.kind === "table") return block.rows.length > 0;
  return block.kind !== "list" || block.items.length > 0;
}

function rest(count: number, shown: number): readonly Block[] {
  return count > shown ? [list([`… and ${grouped(count - shown)} more`])] : [];
}

function threeDigits(value: number): string {
  return value.toPrecision(3);
}

function sized(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${grouped(Math.round(bytes / 1e5) / 10)} MB`;
}
