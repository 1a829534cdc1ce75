import { showLine } from "@revocab/core";
import { alignmentsOf, isFigure, showFigure, wordsOf } from "./cells.ts";
import { measureOf, tableOfChart } from "./chart-tables.ts";
import type { BarChart, Block, Cell, CodeBlock, ReportDocument, Section, Table, Text } from "./document.ts";
import { breakable, padded, textWidth, wrapped } from "./text-width.ts";

export interface TextOptions {
  /**
   * Columns of the terminal. Longer lines are broken between words, in a table within their column; a table that is still too wide
   * loses its expendable columns, which is said below it, or goes on below with its first column again. @default no line is broken
   */
  readonly width?: number;
  /** Colours for a terminal, by ANSI escapes. @default false */
  readonly color?: boolean;
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
  { width = Number.POSITIVE_INFINITY, words = (note) => note, color = false }: TextOptions = {},
): string {
  const layout: Layout = { width, words, color, indent: 0 };
  const head = [title, lead].filter((text) => text !== undefined);
  const all: Block[] = [...head.map((text) => ({ kind: "paragraph" as const, text })), ...blocks];
  const ofTitle = title === undefined ? 0 : linesOfText(title, layout).length;
  return linesOfBlocks(all, layout)
    .map((line, i) => `${i < ofTitle ? styled("bold", line, layout) : line}\n`)
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
      return block.notes.flatMap((note) => linesOfNote(block.tone ?? "note", note, within(layout)));
    case "table":
      return under(block.title, layout, (inner) => linesOfTable(block, inner));
    case "bars":
      return under(`${block.title} (${measureOf(block)})`, layout, (inner) => linesOfBars(block, inner));
    case "points":
    case "lines":
      return under(block.title, layout, (inner) => linesOfTable(tableOfChart(block), inner));
    case "code":
      return linesOfCode(block, within(layout));
    case "panel":
      return linesOfSection({ kind: "section", title: block.title, blocks: block.instead ?? [] }, layout);
  }
}

function linesOfSection({ title, blocks }: Section, layout: Layout): readonly string[] {
  const inner = linesOfBlocks(blocks, { ...layout, indent: layout.indent + 2 });
  return inner.length === 0 ? [] : [...linesOfTitle(title, layout), ...inner];
}

/** Lines below a title, if there is one, and then further in than it. */
function under(
  title: string | undefined,
  layout: Layout,
  linesWithin: (inner: Layout) => readonly string[],
): readonly string[] {
  if (title === undefined) return linesWithin(within(layout));
  return [...linesOfTitle(title, layout), ...linesWithin({ ...layout, indent: layout.indent + 2 })];
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

function linesOfTitle(title: string, layout: Layout): readonly string[] {
  return linesOfText(title, layout).map((line) => styled("bold", line, layout));
}

function linesOfNote(tone: "note" | "warning", note: string, layout: Layout): readonly string[] {
  const [first = "", ...rest] = linesOfText(`${tone}: ${layout.words(note)}`, layout, 2);
  return [first.replace(`${tone}:`, styled("yellow", `${tone}:`, layout)), ...rest];
}

/** A command is broken between its words, as a shell reads it; of other code each line stays whole. */
function linesOfCode({ text, language }: CodeBlock, { indent, width }: Layout): readonly string[] {
  const margin = " ".repeat(indent);
  if (language !== "sh") return text.split("\n").map((line) => `${margin}| ${showLine(line)}`);
  return text.split("\n").flatMap((line) => {
    const parts = wrapped(showLine(line), width - indent - CONTINUED.length - 2);
    return parts.map(
      (part, i) => `${margin}${i === 0 ? "" : "  "}${part}${i < parts.length - 1 ? CONTINUED : ""}`,
    );
  });
}

const CONTINUED = " \\";

interface TextColumn {
  readonly title: string;
  readonly cells: readonly string[];
  readonly align: "left" | "right";
  readonly expendable: number;
}

function linesOfTable(table: Table, layout: Layout): readonly string[] {
  const columns = alignmentsOf(table).map((align, i): TextColumn => {
    const { title = "", expendable = 0 } = table.columns?.[i] ?? {};
    return { title: showCell(title), cells: table.rows.map((row) => showCell(row[i])), align, expendable };
  });
  const room = layout.width - layout.indent;
  const { shown, left } = withinRoom(columns, room);
  const lines = partsOf(shown, room).flatMap((part, i) => [
    ...(i === 0 ? [] : [""]),
    ...linesOfColumns(part, table.columns !== undefined, layout),
  ]);
  if (left.length === 0) return lines;
  const missing = left.map(({ title }) => title).join(", ");
  return [...lines, ...linesOfText(`no room for: ${missing}`, layout, 2)];
}

/** The columns but for the expendable ones that there is no room for, the most expendable first. */
function withinRoom(
  columns: readonly TextColumn[],
  room: number,
): { readonly shown: readonly TextColumn[]; readonly left: readonly TextColumn[] } {
  const left = new Set<TextColumn>();
  const shown = () => columns.filter((column) => !left.has(column));
  const byNeed = columns.filter(({ expendable }) => expendable > 0);
  for (const column of byNeed.sort((a, b) => b.expendable - a.expendable)) {
    if (sumOf(widthsOf(shown(), room, WHOLE_WORDS)) <= room) break;
    left.add(column);
  }
  return { shown: shown(), left: columns.filter((column) => left.has(column)) };
}

/** Columns side by side: all of them, or as many as there is room for, and below these the first column with the next ones. */
function partsOf(columns: readonly TextColumn[], room: number): readonly (readonly TextColumn[])[] {
  const [first, ...rest] = columns;
  if (first === undefined) return [];
  const parts: TextColumn[][] = [[first]];
  for (const column of rest) {
    const part = parts[parts.length - 1] as TextColumn[];
    if (part.length === 1 || sumOf(widthsOf([...part, column], room, NARROWEST)) <= room) part.push(column);
    else parts.push([first, column]);
  }
  return parts;
}

function linesOfColumns(columns: readonly TextColumn[], hasHead: boolean, layout: Layout): readonly string[] {
  const room = layout.width - layout.indent;
  const whole = widthsOf(columns, room, WHOLE_WORDS);
  const widths = sumOf(whole) <= room ? whole : widthsOf(columns, room, NARROWEST);
  const margin = " ".repeat(layout.indent);
  const linesOfRow = (row: readonly string[], style: Style | undefined, atEnd: boolean) => {
    const cells = row.map((cell, i) => wrapped(cell, widths[i] as number, true));
    const height = Math.max(0, ...cells.map((lines) => lines.length));
    return Array.from({ length: height }, (_, line) => {
      const parts = cells.map((lines, i) => {
        // heads of several lines stand on their columns
        const text = lines[atEnd ? line - height + lines.length : line] ?? "";
        const cell = padded(text, widths[i] as number, columns[i]!.align);
        return text === "" ? cell : cell.replace(text, () => styled(style ?? MARKS.get(text), text, layout));
      });
      return `${margin}${parts.join(BETWEEN)}`.trimEnd();
    });
  };
  const rows = Array.from({ length: columns[0]?.cells.length ?? 0 }, (_, i) =>
    columns.map(({ cells }) => cells[i] as string),
  );
  return [
    ...(hasHead
      ? linesOfRow(
          columns.map(({ title }) => title),
          "dim",
          true,
        )
      : []),
    ...rows.flatMap((row) => linesOfRow(row, undefined, false)),
  ];
}

const MARKS: ReadonlyMap<string, Style> = new Map([
  ["✓", "green"],
  ["★", "green"],
  ["✗", "red"],
]);

function showCell(cell: Cell): string {
  if (cell === undefined) return "";
  return isFigure(cell) ? showLine(showFigure(cell)) : showLine(wordsOf(cell), LONGEST_CELL);
}

/** So that one token of 1 MB does not widen the line of every other. */
const LONGEST_CELL = 1000;
const BETWEEN = "  ";
/** A column of text does not become narrower than this, and where words stay whole than its longest one. */
const NARROWEST = 12;
const WHOLE_WORDS = 16;

function sumOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, BETWEEN.length * (widths.length - 1));
}

/**
 * Widths of columns for a line, as far as they can give way: the widest does first. A head is broken between its words, a column of
 * text down to `least`, or where words stay whole to its longest.
 */
function widthsOf(columns: readonly TextColumn[], room: number, least: number): readonly number[] {
  const narrowest = columns.map(({ title, cells, align }) => {
    const head = longestWord(title);
    if (align === "right") return Math.max(head, ...cells.map(textWidth));
    const word = least === WHOLE_WORDS ? Math.max(0, ...cells.map(longestWord)) : 0;
    return Math.max(head, word, least);
  });
  const widths = columns.map(({ title, cells }) => Math.max(textWidth(title), ...cells.map(textWidth)));
  let over = sumOf(widths) - room;
  while (over > 0) {
    const giving = widths.map((width, i) => (width > (narrowest[i] as number) ? width : 0));
    const widest = giving.indexOf(Math.max(...giving));
    if (widest < 0 || giving[widest] === 0) break;
    const next = Math.max(narrowest[widest] as number, ...giving.filter((_, i) => i !== widest));
    // equal columns give way by turns
    const less = Math.min(over, Math.max(1, (giving[widest] as number) - next));
    widths[widest] = (widths[widest] as number) - less;
    over -= less;
  }
  return widths;
}

function longestWord(text: string): number {
  return Math.max(0, ...breakable(text).map((part) => textWidth(part.trimEnd())));
}

type Style = "bold" | "dim" | "green" | "yellow" | "red";

const STYLES: Readonly<Record<Style, readonly [start: number, end: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  green: [32, 39],
  yellow: [33, 39],
  red: [31, 39],
};

/** After all foreign text was escaped: what follows the escape is ours. */
function styled(style: Style | undefined, text: string, { color }: Pick<Layout, "color">): string {
  if (style === undefined || !color || text.trim() === "") return text;
  const [start, end] = STYLES[style];
  return `\u001b[${start}m${text}\u001b[${end}m`;
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
