import { bitsPerByteOf, type Evaluation } from "@revocab/evaluation";
import {
  type BarChart,
  type Block,
  type Cell,
  figure,
  grouped,
  list,
  notes,
  type Panel,
  type PointChart,
  paragraph,
  type ReportDocument,
  section,
  table,
} from "@revocab/report-document";
import { type NearestRows, type RowsMap, rowsPanel, vocabularyPanel } from "@revocab/report-page";
import type {
  ExploredSwap,
  Quantiles,
  ReviewedEvaluation,
  ReviewedReport,
  RowMap,
  RowSeries,
  SwapReview,
  TableReview,
} from "@revocab/swap-review";
import { describeAgreement, splitsDiffer } from "@revocab/vocab-alignment";
import { amountOf } from "./present-evaluation.ts";
import { quoted, swapLossSections } from "./present-losses.ts";

/** What a swap did, for a terminal: without charts. */
export function presentReview(review: SwapReview): ReportDocument {
  return {
    title: titleOf(review),
    blocks: [
      ...wholeSections(review),
      ...review.tables.map((table) => section(`Rows of ${table.slot}`, ...rowBlocks(table, review, LINES))),
      ...evaluationSections(review, LINES),
      ...leaveOutSections(review, LINES),
      ...reportSections(review),
      notes(review.notes),
    ],
  };
}

/** The same for a page: with charts, and panels that show any token. */
export function reviewPage(explored: ExploredSwap): ReportDocument {
  const { review } = explored;
  const { target, source } = review.summary;
  return {
    title: titleOf(review),
    lead: `${target.name} has ${grouped(target.tokens)} tokens in ${grouped(target.rows)} rows, where ${source.name} has ${grouped(source.rows)} rows.`,
    blocks: [
      notes(review.notes),
      section("Where rows come from", originChart(review), ...wholeSections(review)),
      ...evaluationSections(review, PAGE_LINES),
      ...review.tables.map((one) =>
        section(
          `Rows of ${one.slot}`,
          normChart(one),
          ...mapBlocks(one, review),
          tableRowsPanel(one, explored),
          ...rowBlocks(one, review, PAGE_LINES),
        ),
      ),
      ...leaveOutSections(review, PAGE_LINES),
      ...reportSections(review),
      tokensPanel(explored),
    ],
  };
}

/** Lines of a long table. */
const LINES = 10;
const PAGE_LINES = 50;

function titleOf({ summary: { source, target, recipe }, report }: SwapReview): string {
  if (report?.keepsTokenizer) return `${source.name} with trained rows`;
  if (report?.edit !== undefined) return `${source.name} with an edited vocabulary`;
  return `${source.name} with the tokenizer of ${target.name}${recipe.untie ? " and a head of its own" : ""}`;
}

function wholeSections({ summary, report }: SwapReview): readonly Block[] {
  const { alignment, digits, recipe, tables } = summary;
  const counts = [
    ["shared", alignment.shared],
    ["specials by role", alignment.specialByRole],
    ["specials by string", alignment.specialByString],
    ["spelled", alignment.spelled],
    ["spelled in bytes", alignment.byteOnly],
    ["without evidence", alignment.withoutEvidence],
    ["unused", alignment.unused],
  ] as const;
  return [
    section(
      "How the target's tokens relate to the source's",
      table(counts.filter(([, count]) => count > 0).map(([name, count]) => [name, figure(count)])),
    ),
    ...(digits === undefined ? [] : [digitSection(digits)]),
    section(
      "Methods, in the order they were tried",
      list(
        recipe.methods.map(({ name, options }) =>
          Object.keys(options).length === 0 ? name : `${name} ${JSON.stringify(options)}`,
        ),
      ),
    ),
    section(
      "Where each row comes from",
      table(
        tables.flatMap(({ slot, origins }) =>
          Object.entries(origins).map(([name, count], i): Cell[] => [
            i === 0 ? slot : "",
            figure(count),
            name,
          ]),
        ),
      ),
    ),
    ...(report === null
      ? []
      : [
          section(
            "Parameters",
            table([
              ["before", figure(report.parameters.before)],
              ["after", figure(report.parameters.after)],
            ]),
          ),
        ]),
  ];
}

/** How numbers are split before and after: where that differs, arithmetic suffers. */
function digitSection(digits: NonNullable<SwapReview["summary"]["digits"]>): Block {
  const { source, target, alike } = digits;
  return section(
    "Numbers",
    table(
      Object.entries(target.examples).map(([number, parts]) => [
        number,
        source.examples[number] ?? "not written",
        parts ?? "not written",
      ]),
      [{ title: "number", align: "right" }, "before", "after"],
    ),
    splitsDiffer(digits)
      ? notes(
          [`of the numbers 0 to 9999, ${grouped(alike)} are split as before; arithmetic gets worse`],
          "warning",
        )
      : paragraph(describeAgreement(digits) ?? ""),
  );
}

/** A bar for each table. */
function originChart({ summary: { tables } }: SwapReview): BarChart {
  const series = [...new Set(tables.flatMap(({ origins }) => Object.keys(origins)))];
  return {
    kind: "bars",
    title: "Rows by the method that initialized them",
    measure: "rows",
    series,
    bars: tables.map(({ slot, origins }) => ({
      label: slot,
      values: series.map((name) => origins[name] ?? 0),
    })),
  };
}

function rowBlocks(
  { shared, norms, nearest }: TableReview,
  { tokens }: SwapReview,
  lines: number,
): readonly Block[] {
  const rows: [string, Quantiles | null | undefined][] = [
    ["before", norms.before],
    ["after", norms.after],
    ["shared tokens", norms.byGroup.shared],
    ["spelled tokens", norms.byGroup.spelled],
    ["other tokens", norms.byGroup.other],
  ];
  return [
    ...(shared === null
      ? []
      : [
          paragraph(
            `${grouped(shared.copied)} of ${grouped(shared.tokens)} tokens that the source has, too, have its row bit for bit`,
          ),
        ]),
    section(
      "Norms of rows",
      table(
        rows.flatMap(([name, found]) =>
          found == null
            ? []
            : [
                [
                  name,
                  figure(found.count),
                  ...[found.least, found.hundredth, found.median, found.lastHundredth, found.most].map(
                    (norm) => figure(norm, 3),
                  ),
                ],
              ],
        ),
        ["", "rows", "least", "1 %", "median", "99 %", "most"],
      ),
    ),
    section(
      "Nearest rows, by cosine",
      table(
        nearest.slice(0, lines).map(({ id, ids, cosines }) => [
          quoted(tokens[id] ?? ""),
          ids
            .slice(0, NEIGHBOURS)
            .map((other, i) => `"${tokens[other] ?? ""}" ${cosines[i]?.toFixed(2) ?? ""}`)
            .join("  "),
        ]),
      ),
    ),
  ];
}

const NEIGHBOURS = 4;

/** Bars of the same intervals before and after, in percent of the rows: the two tables have not the same number of rows. */
function normChart({ norms: { histogram, before, after } }: TableReview): BarChart {
  const shares = (counts: readonly number[], whole: number) => counts.map((count) => (100 * count) / whole);
  const all = [
    ...(histogram.before === null || before === null ? [] : [shares(histogram.before, before.count)]),
    shares(histogram.after, after.count),
  ];
  return {
    kind: "bars",
    title: "Norms of rows",
    measure: "% of the rows",
    series: all.length === 1 ? ["after"] : ["before", "after"],
    arrangement: "grouped",
    places: 1,
    bars: histogram.after.map((_, i) => ({
      label: (histogram.ends[i] ?? 0).toPrecision(3),
      values: all.map((values) => values[i] ?? 0),
    })),
  };
}

function mapBlocks({ map }: TableReview, review: SwapReview): readonly Block[] {
  return map === null ? [] : [mapChart(map, review)];
}

function mapChart({ shares, series, sampled, of }: RowMap, { tokens, sourceTokens }: SwapReview): PointChart {
  return {
    kind: "points",
    title: `Map of ${sampled === of ? "" : `${grouped(sampled)} of `}${grouped(of)} new rows: the two directions in which they differ most`,
    x: axisOf(shares, 0),
    y: axisOf(shares, 1),
    series: series.map(({ name, ids, x, y }) => ({
      name: SERIES[name],
      points: ids.map((id, i) => ({
        x: x[i] ?? Number.NaN,
        y: y[i] ?? Number.NaN,
        label: (name === "source" ? sourceTokens : tokens)[id],
      })),
    })),
  };
}

function axisOf(shares: RowMap["shares"], axis: 0 | 1): string {
  return `component ${axis + 1} (${(100 * shares[axis]).toFixed(1)} % of the variance)`;
}

const SERIES: Readonly<Record<RowSeries["name"], string>> = {
  source: "rows of the source model",
  shared: "tokens that the source has, too",
  spelled: "tokens that the source spells",
  other: "other tokens",
};

/** For a token that the reader names: its place on the map, its nearest rows, and what its row is made of. */
function tableRowsPanel({ slot, map, nearest }: TableReview, { vocabulary, origins }: ExploredSwap): Panel {
  return rowsPanel({
    title: `A token's row in ${slot}`,
    vocabulary,
    ...(map !== null && { map: newRowsOn(map) }),
    ...(nearest.length > 0 && { nearest: nearestIn(nearest) }),
    // they are those of the input table
    ...(slot === "input" && origins !== undefined && { origins }),
  });
}

/** Rows of the source have ids of another vocabulary. */
function newRowsOn({ series, shares }: RowMap): RowsMap {
  const own = series.filter(({ name }) => name !== "source");
  return {
    axes: [axisOf(shares, 0), axisOf(shares, 1)],
    series: own.map(({ name }) => SERIES[name]),
    ids: Uint32Array.from(own.flatMap(({ ids }) => ids)),
    x: Float32Array.from(own.flatMap(({ x }) => x)),
    y: Float32Array.from(own.flatMap(({ y }) => y)),
    seriesOf: Uint8Array.from(own.flatMap(({ ids }, place) => ids.map(() => place))),
  };
}

function nearestIn(nearest: TableReview["nearest"]): NearestRows {
  const count = Math.min(...nearest.map(({ ids }) => ids.length));
  return {
    measure: "cosine",
    ids: Uint32Array.from(nearest, ({ id }) => id),
    neighbors: Uint32Array.from(nearest.flatMap(({ ids }) => ids.slice(0, count))),
    similarities: Float32Array.from(nearest.flatMap(({ cosines }) => cosines.slice(0, count))),
  };
}

/** A search over both vocabularies, with the class of a token, and the same token in the other. */
function tokensPanel({ review: { summary }, vocabulary, sourceVocabulary }: ExploredSwap): Panel {
  return vocabularyPanel({
    title: "Tokens",
    vocabularies: [
      { name: `after: ${summary.target.name}`, vocabulary },
      ...(sourceVocabulary === undefined
        ? []
        : [{ name: `before: ${summary.source.name}`, vocabulary: sourceVocabulary }]),
    ],
  });
}

function evaluationSections({ evaluation }: SwapReview, lines: number): readonly Block[] {
  if (evaluation === null) return [];
  const { byToken, notes: found } = evaluation;
  return [
    section(
      `Measured on ${evaluation.text.name}, ${amountOf(evaluation.text)}`,
      scoreTable(evaluation),
      notes(found),
    ),
    ...(byToken === null ? [] : swapLossSections(byToken, lines)),
  ];
}

function scoreTable({ before, after }: ReviewedEvaluation): Block {
  const name = after.kind === "bits-per-byte" ? "bits per byte" : "pseudo bits per byte";
  const of = (score: ReviewedEvaluation["before"], value: (score: Evaluation) => number, places: number) =>
    score === null ? [] : [figure(value(score as Evaluation), places)];
  const rows = (
    [
      [name, bitsPerByteOf, 4],
      ["bytes per token", ({ bytesPerToken }: Evaluation) => bytesPerToken, 3],
      ["tokens", ({ tokens }: Evaluation) => tokens, 0],
    ] as const
  ).map(([title, value, places]) => [title, ...of(before, value, places), ...of(after, value, places)]);
  return table(rows, before === null ? ["", "after"] : ["", "before", "after"]);
}

/** How well the method meets rows that are known. */
function leaveOutSections({ leaveOut }: SwapReview, lines: number): readonly Block[] {
  if (leaveOut === null) return [];
  const { hiddenTokens, sharedTokens, tables, note } = leaveOut;
  return [
    section(
      `Rows hidden from the method and reconstructed: ${grouped(hiddenTokens)} of ${grouped(sharedTokens)} shared tokens`,
      ...tables.flatMap(({ slot, cosine, rank, worst = [] }) => [
        paragraph(
          `${slot}: mean cosine to the true row ${cosine.mean.toFixed(3)}, median rank ${grouped(rank.median)} of ${grouped(rank.of)}; the worst:`,
        ),
        table(
          worst
            .slice(0, lines)
            .map(({ id, token, ...met }) => [
              String(id),
              quoted(token),
              figure(met.cosine, 3),
              figure(met.rank),
            ]),
          [{ title: "id", align: "right" }, "token", "cosine", "rank"],
        ),
      ]),
      notes(note === null ? [] : [note]),
    ),
  ];
}

/** What the report says besides: the contest of methods, trainings, configs, checks, notes. */
function reportSections({ report, summary }: SwapReview): readonly Block[] {
  if (report === null) return [notes(summary.notes)];
  const { training, comparison, config, configNotes, gate } = report;
  return [
    ...(comparison === null ? [] : [comparisonSection(comparison)]),
    ...(training === undefined
      ? []
      : [
          section(
            `Trained on ${training.text.name}`,
            table([
              ["steps", figure(training.steps)],
              ["tokens", figure(training.tokens)],
              ["held-out bits per byte before", figure(training.heldOut.before, 4)],
              ["after", figure(training.heldOut.after, 4)],
            ]),
          ),
        ]),
    section(
      "Config",
      table(config.map(({ file, path, from, to }) => [file, path, `${shown(from)} → ${shown(to)}`])),
      notes(configNotes),
    ),
    section(
      "Checked",
      table(gate.checks.map(({ name, detail }) => ["✓", name, detail])),
      notes([...gate.notes, ...report.notes]),
    ),
  ];
}

function comparisonSection({ methods, best, training }: NonNullable<ReviewedReport["comparison"]>): Block {
  const score = (evaluation: (typeof methods)[number]["evaluation"] | undefined) =>
    evaluation === undefined ? undefined : figure(bitsPerByteOf(evaluation as Evaluation), 4);
  const hidden = (method: (typeof methods)[number], slot: string) =>
    method.leaveOut.tables.find((one) => one.slot === slot);
  return section(
    "Methods that were compared, and how well each met rows that were hidden from it",
    table(
      methods.map((method, i) => [
        i === best ? "★" : "",
        [method.name, ...Object.entries(method.options).map(([key, value]) => `${key}=${value}`)].join(":"),
        score(method.evaluation),
        ...(training === undefined ? [] : [score(method.after?.evaluation)]),
        ...["input", "output"].flatMap((slot) => {
          const found = hidden(method, slot);
          return [found && figure(found.cosine.mean, 3), found && figure(found.rank.median, 1)];
        }),
      ]),
      [
        "",
        "method",
        "bits/byte",
        ...(training === undefined ? [] : [`after ${training.steps} steps`]),
        "cosine",
        "rank",
        "head cosine",
        "head rank",
      ],
    ),
  );
}

/** A long value by its beginning: a map may hold thousands of image tokens. */
function shown(value: unknown): string {
  if (value === undefined) return "not given";
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}
