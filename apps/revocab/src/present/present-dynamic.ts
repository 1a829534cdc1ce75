import type { EncodedFile } from "@revocab/dynamic-tokenization";
import { bitsPerByteOf } from "@revocab/evaluation";
import type { DynamicEvaluation, PrefillScore, ReducedEvaluation } from "@revocab/measure";
import {
  type Block,
  type Cell,
  code,
  counted,
  figure,
  grouped,
  type LineChart,
  notes,
  paragraph,
  percentage,
  type ReportDocument,
  section,
  type TextDocument,
  table,
} from "@revocab/report-document";
import { amountOf } from "./present-evaluation.ts";
import { quoted } from "./present-losses.ts";

/** A text in merged tokens. */
export function presentEncoding(encoded: EncodedFile): TextDocument {
  const { tokens, bytes, merges, newTokens, rows, documents } = encoded;
  const [first] = documents;
  return {
    blocks: [
      table([
        ["tokens before", figure(tokens.before)],
        ["tokens after", figure(tokens.after)],
        ["shorter by", percentage(tokens.before - tokens.after, tokens.before)],
        ["bytes per token", figure(bytes / tokens.after, 3)],
        ["merges", figure(merges.length)],
        ["new tokens", figure(newTokens)],
        ...(rows === undefined
          ? []
          : [
              [
                "rows predicted",
                `${grouped(newTokens)} × ${grouped(rows.columns)}${rows.hasHeadRows ? ", for input and head" : ""}`,
              ],
            ]),
        ["text", amountOf({ bytes, documents: documents.length })],
      ]),
      ...mergeTable(merges),
      ...(first === undefined ? [] : [section("The first document", paragraph(shownTokens(first.tokens)))]),
      notes(encoded.notes),
    ],
  };
}

function mergeTable(merges: EncodedFile["merges"]): readonly Block[] {
  if (merges.length === 0) return [];
  return [
    section(
      merges.length > MERGES ? `The first ${MERGES} of ${grouped(merges.length)} merges` : "Merges",
      table(
        merges
          .slice(0, MERGES)
          .map(({ id, left, right, saved }): Cell[] => [
            figure(id),
            quoted(left),
            quoted(right),
            figure(saved),
          ]),
        ["id", "left", "right", "tokens saved"],
      ),
    ),
  ];
}

const MERGES = 40;
const TOKENS = 120;
/** A merged token may be as long as a document. */
const CHARACTERS = 1000;

function shownTokens(tokens: readonly string[]) {
  const shown = tokens.slice(0, TOKENS).join("|");
  const isCut = tokens.length > TOKENS || shown.length > CHARACTERS;
  return code(`${[...shown.slice(0, 2 * CHARACTERS)].slice(0, CHARACTERS).join("")}${isCut ? "…" : ""}`);
}

/** What merges save and cost. */
export function presentDynamic(evaluation: DynamicEvaluation): TextDocument {
  return { blocks: dynamicBlocks(evaluation) };
}

/** The same for a page: the score against the reduction as a chart too. */
export function dynamicPage(evaluation: DynamicEvaluation, title: string): ReportDocument {
  return {
    title,
    lead: `Scored on ${amountOf(evaluation.text)}.`,
    blocks: [section("Scores", scoreChart(evaluation)), section("All figures", ...dynamicBlocks(evaluation))],
  };
}

function dynamicBlocks(evaluation: DynamicEvaluation): readonly Block[] {
  const { text, mergesText, boundaries, own, reduced } = evaluation;
  const tellsMerges = mergesText === null;
  const from = tellsMerges ? "this text" : mergesText;
  return [
    paragraph(`${amountOf(text)}; merges learned from ${from}, within ${WITHIN[boundaries]}`),
    table(
      [
        [
          "own tokens",
          undefined,
          undefined,
          figure(own.tokens),
          undefined,
          figure(bitsPerByteOf(own), 4),
          undefined,
        ],
        ...reduced.map((each) => [
          degreeOf(each),
          figure(each.merges),
          figure(each.newTokens),
          figure(each.evaluation.tokens),
          figure(100 * each.reduction, 1, "%"),
          figure(bitsPerByteOf(each.evaluation), 4),
          moreThan(bitsPerByteOf(each.evaluation), bitsPerByteOf(own)),
          ...(tellsMerges ? [figure(bitsPerByteOf(each.evaluation) + each.mergeBitsPerByte, 4)] : []),
        ]),
      ],
      [
        "",
        "merges",
        "new tokens",
        "tokens",
        "shorter by",
        measureOf(evaluation),
        "more",
        ...(tellsMerges ? ["with merges told"] : []),
      ],
    ),
    ...prefillTable(evaluation),
    notes(evaluation.notes),
  ];
}

/** A little less is shown as 0, not as −0. */
function moreThan(value: number, base: number): Cell {
  return figure(Number((100 * (value / base - 1)).toFixed(1)) + 0, 1, "%");
}

function prefillTable({ prefill, reduced }: DynamicEvaluation): readonly Block[] {
  if (prefill === undefined) return [];
  const row = (name: string, score: PrefillScore): readonly Cell[] => [
    name,
    figure(score.promptTokens),
    figure(100 * (1 - score.promptTokens / prefill.promptTokens), 1, "%"),
    figure(score.bitsPerByte, 4),
    moreThan(score.bitsPerByte, prefill.bitsPerByte),
  ];
  return [
    section(
      "Second halves in the model's own tokens, after first halves in merged ones",
      table(
        [
          row("own tokens", prefill),
          ...reduced.flatMap((each) =>
            each.prefill === undefined ? [] : [row(degreeOf(each), each.prefill)],
          ),
        ],
        ["", "tokens of first halves", "shorter by", "bits/byte", "more"],
      ),
    ),
  ];
}

const WITHIN: Readonly<Record<DynamicEvaluation["boundaries"], string>> = {
  pretoken: "pre-tokens",
  word: "words",
  none: "documents",
};

function degreeOf({ degree }: ReducedEvaluation): string {
  return "merges" in degree
    ? counted(degree.merges, "merge")
    : `${Number((100 * degree.reduction).toFixed(2))} %`;
}

function scoreChart(evaluation: DynamicEvaluation): LineChart {
  const { own, reduced, mergesText } = evaluation;
  const points = (scoreOf: (each: ReducedEvaluation) => number) => [
    { x: 0, y: bitsPerByteOf(own) },
    ...reduced.map((each) => ({ x: 100 * each.reduction, y: scoreOf(each) })),
  ];
  const measure = measureOf(evaluation);
  return {
    kind: "lines",
    title: `${measure} against reduction`,
    x: "tokens saved, %",
    y: measure,
    series: [
      { name: measure, points: points(({ evaluation: score }) => bitsPerByteOf(score)) },
      ...(mergesText === null
        ? [
            {
              name: "with merges told",
              points: points((each) => bitsPerByteOf(each.evaluation) + each.mergeBitsPerByte),
            },
          ]
        : []),
    ],
    places: 3,
  };
}

function measureOf({ own }: DynamicEvaluation): string {
  return own.kind === "bits-per-byte" ? "bits/byte" : "pseudo bits/byte";
}
