import { showLine } from "@revocab/core";
import { alignmentsOf, isFigure, showFigure, wordsOf } from "./cells.ts";
import { measureOf, tableOfChart } from "./chart-tables.ts";
import type { BarChart, Block, Cell, ReportDocument, Section, Table, Text } from "./document.ts";
import { padded, textWidth, wrapped } from "./text-width.ts";

export interface TextOptions {
  /** Columns of the terminal: longer lines are broken between words, in a table within their column. @default no line is broken */
  readonly width?: number;
  /** Translates notes, such as the names of options into those of flags. @default notes stay as they are */
  readonly words?: (note: string) => string;
}

/** Lines alone need no title. */
export type TextDocument = Pick<ReportDocument, "blocks"> & Partial<ReportDocument>;

/**
 * A document as text for a terminal: aligned columns, numbers to the right, each line ended by a newline. Control and format
 * characters of all texts are escaped, so that no foreign text moves the cursor or turns a line around. A chart of one series
 * has bars of block characters; of other charts the figures are shown.
 */
export function renderText(
  { title, lead, blocks }: TextDocument,
  { width = Number.POSITIVE_INFINITY, words = (note) => note }: TextOptions = {},
): string {
  const head = [title, lead].filter((text) => text !== undefined);
  const all: Block[] = [...head.map((text) => ({ kind: "paragraph" as const, text })), ...blocks];
  return linesOfBlocks(all, { width, words, indent: 0 })
    .map((line) => `${line}\n`)
    .join("");
}

interface Layout extends Required<TextOptions> {
  /** Spaces before running text. Other blocks have two at least. */
  readonly indent: number;
}

function linesOfBlocks(blocks: readonly Block[], layout: Layout): readonly string[] {
  const lines: string[] = [];
  let before: Block | undefined;
  for (const block of blocks) {
    const own = linesOf(block, layout);
    if (own.length === 0) continue;
    if (before !== undefined && isGap(before, block, layout)) lines.push("");
    lines.push(...own);
    before = block;
  }
  return lines;
}

/** A heading has an empty line before it and after what it stands over; so has text at the margin after tables and notes. */
function isGap(before: Block, block: Block, { indent }: Layout): boolean {
  return (
    isApart(before) ||
    isApart(block) ||
    (block.kind === "table" && block.columns !== undefined) ||
    (indent === 0 && block.kind === "paragraph" && before.kind !== "paragraph" && before.kind !== "list")
  );
}

function isApart(block: Block): boolean {
  return block.kind === "table" ? block.title !== undefined : HEADED.has(block.kind);
}

const HEADED: ReadonlySet<Block["kind"]> = new Set(["section", "bars", "points", "lines", "panel"]);

function linesOf(block: Block, layout: Layout): readonly string[] {
  switch (block.kind) {
    case "section":
      return linesOfSection(block, layout);
    case "paragraph":
      return linesOfText(block.text, layout);
    case "list":
      return block.items.flatMap((item) => linesOfText(item, within(layout), 2));
    case "notes":
      return block.notes.flatMap((note) =>
        linesOfText(`${block.tone ?? "note"}: ${layout.words(note)}`, within(layout), 2),
      );
    case "table":
      return under(block.title, layout, (inner) => linesOfTable(block, inner));
    case "bars":
      return under(`${block.title} (${measureOf(block)})`, layout, (inner) => linesOfBars(block, inner));
    case "points":
    case "lines":
      return under(block.title, layout, (inner) => linesOfTable(tableOfChart(block), inner));
    case "code":
      return block.text.split("\n").map((line) => `${" ".repeat(within(layout).indent)}| ${showLine(line)}`);
    case "panel":
      return linesOfSection({ kind: "section", title: block.title, blocks: block.instead ?? [] }, layout);
  }
}

function linesOfSection({ title, blocks }: Section, layout: Layout): readonly string[] {
  const inner = linesOfBlocks(blocks, { ...layout, indent: layout.indent + 2 });
  return inner.length === 0 ? [] : [...linesOfText(title, layout), ...inner];
}

/** Lines below a title, if there is one, and then further in than it. */
function under(
  title: string | undefined,
  layout: Layout,
  linesWithin: (inner: Layout) => readonly string[],
): readonly string[] {
  if (title === undefined) return linesWithin(within(layout));
  return [...linesOfText(title, layout), ...linesWithin({ ...layout, indent: layout.indent + 2 })];
}

function within(layout: Layout): Layout {
  return { ...layout, indent: Math.max(2, layout.indent) };
}

/** @param hanging spaces more before lines that go on */
function linesOfText(text: Text, { indent, width }: Layout, hanging = 0): readonly string[] {
  return wrapped(showLine(wordsOf(text)), width - indent - hanging).map(
    (line, i) => " ".repeat(indent + (i === 0 ? 0 : hanging)) + line,
  );
}

function linesOfTable(table: Table, layout: Layout): readonly string[] {
  const head = table.columns?.map(({ title }): Cell => title);
  const rows = [...(head === undefined ? [] : [head]), ...table.rows].map((row) => row.map(showCell));
  const aligned = alignmentsOf(table);
  const natural = aligned.map((_, i) => Math.max(0, ...rows.map((row) => textWidth(row[i] ?? ""))));
  const widths = narrowed(
    natural,
    aligned.map((align) => align === "left"),
    layout.width - layout.indent,
  );
  const margin = " ".repeat(layout.indent);
  return rows.flatMap((row) => {
    const cells = widths.map((width, i) => wrapped(row[i] ?? "", width, true));
    const height = Math.max(...cells.map((lines) => lines.length));
    return Array.from({ length: height }, (_, line) => {
      const parts = cells.map((lines, i) => padded(lines[line] ?? "", widths[i] as number, aligned[i]!));
      return `${margin}${parts.join(BETWEEN)}`.trimEnd();
    });
  });
}

function showCell(cell: Cell): string {
  if (cell === undefined) return "";
  return isFigure(cell) ? showLine(showFigure(cell)) : showLine(wordsOf(cell), LONGEST_CELL);
}

/** So that one token of 1 MB does not widen the line of every other. */
const LONGEST_CELL = 1000;
const BETWEEN = "  ";
/** A column of text does not become narrower. */
const NARROWEST = 16;

/** Widths of columns that fit into a line, as far as columns of text can give way: the widest does first. */
function narrowed(natural: readonly number[], canGive: readonly boolean[], room: number): readonly number[] {
  const widths = [...natural];
  let over = widths.reduce((sum, width) => sum + width, BETWEEN.length * (widths.length - 1)) - room;
  while (over > 0) {
    const giving = widths.map((width, i) => (canGive[i] && width > NARROWEST ? width : 0));
    const widest = giving.indexOf(Math.max(...giving));
    if (widest < 0 || giving[widest] === 0) break;
    const next = Math.max(NARROWEST, ...giving.filter((_, i) => i !== widest));
    // equal columns give way by turns
    const less = Math.min(over, Math.max(1, (giving[widest] as number) - next));
    widths[widest] = (widths[widest] as number) - less;
    over -= less;
  }
  return widths;
}

/** A bar beside each figure where one series is shown and no value is negative, else the figures alone. */
function linesOfBars(chart: BarChart, layout: Layout): readonly string[] {
  const table = tableOfChart(chart);
  const values = chart.bars.map((bar) => bar.values[0] ?? Number.NaN);
  const most = Math.max(...values.filter((value) => !Number.isNaN(value)));
  if (chart.series.length > 1 || !(most > 0) || values.some((value) => value < 0))
    return linesOfTable(table, layout);
  const [labels, figures] = [0, 1].map((column) =>
    Math.max(0, ...table.rows.map((row) => textWidth(showCell(row[column])))),
  ) as [number, number];
  const room = layout.width - layout.indent - labels - figures - 2 * BETWEEN.length;
  const longest = Math.min(LONGEST_BAR, Math.max(SHORTEST_BAR, room));
  return linesOfTable(
    {
      kind: "table",
      rows: table.rows.map((row, i) => [...row, barOf((values[i] as number) / most, longest)]),
    },
    layout,
  );
}

const LONGEST_BAR = 40;
const SHORTEST_BAR = 8;

/** A bar in eighths of a character. */
function barOf(share: number, longest: number): string {
  const eighths = Number.isNaN(share) ? 0 : Math.round(share * longest * 8);
  return "█".repeat(eighths >> 3) + (EIGHTHS[eighths & 7] as string);
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
