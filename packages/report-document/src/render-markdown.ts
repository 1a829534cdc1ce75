import { alignmentsOf, isFigure, isSafeAddress, showFigure, spansOf } from "./cells.ts";
import { measureOf, tableOfChart } from "./chart-tables.ts";
import type { Block, Cell, Column, ReportDocument, Section, Span, Table, Text } from "./document.ts";
import { atStart, code, codeBlock, plain, plainWithin } from "./markdown.ts";

export interface MarkdownOptions {
  /** Translates notes, such as the names of options into those of flags. @default notes stay as they are */
  readonly words?: (note: string) => string;
}

type Words = NonNullable<MarkdownOptions["words"]>;

/**
 * A document as Markdown of GitHub's kind, for a model card. Every text is escaped: it makes no markup, no HTML and no link. Of
 * charts the figures are shown.
 * @see https://github.github.com/gfm/
 */
export function renderMarkdown(
  { title, lead, blocks }: ReportDocument,
  { words = (note) => note }: MarkdownOptions = {},
): string {
  const head = [`# ${plain(title)}`, ...(lead === undefined ? [] : [lineOf(lead)])];
  return `${[...head, ...partsOf(blocks, 2, words)].join("\n\n")}\n`;
}

/** @param level of headings in these blocks; Markdown has 6 */
function partsOf(blocks: readonly Block[], level: number, words: Words): readonly string[] {
  return blocks.flatMap((block) => partsOfBlock(block, level, words)).filter((part) => part !== "");
}

function partsOfBlock(block: Block, level: number, words: Words): readonly string[] {
  switch (block.kind) {
    case "section":
      return partsOfSection(block, level, words);
    case "paragraph":
      return [lineOf(block.text)];
    case "list":
      return [block.items.map((item) => `- ${lineOf(item)}`).join("\n")];
    case "notes":
      return [block.notes.map((note) => `- ${noteOf(note, block.tone, words)}`).join("\n")];
    case "table":
      return [...titleOf(block.title), markdownTable(block)];
    case "bars":
      return [...titleOf(`${block.title} (${measureOf(block)})`), markdownTable(tableOfChart(block))];
    case "points":
    case "lines":
      return [...titleOf(block.title), markdownTable(tableOfChart(block))];
    case "code":
      return [codeBlock(block.text, block.language)];
    case "panel":
      return partsOfSection(
        { kind: "section", title: block.title, blocks: block.instead ?? [] },
        level,
        words,
      );
  }
}

function partsOfSection({ title, blocks }: Section, level: number, words: Words): readonly string[] {
  const inner = partsOf(blocks, level + 1, words);
  return inner.length === 0 ? [] : [`${"#".repeat(Math.min(6, level))} ${plain(title)}`, ...inner];
}

function noteOf(note: string, tone: "note" | "warning" = "note", words: Words): string {
  return tone === "warning" ? `**Warning:** ${plainWithin(words(note)).trim()}` : plain(words(note));
}

function titleOf(title: string | undefined): readonly string[] {
  return title === undefined ? [] : [`**${plain(title)}**`];
}

function lineOf(text: Text): string {
  return atStart(spansOf(text).map(spanOf).join("").trim());
}

function spanOf(span: Span): string {
  if (typeof span === "string") return plainWithin(span);
  if ("code" in span) return code(span.code);
  if ("strong" in span) return `**${plain(span.strong)}**`;
  if (!isSafeAddress(span.link)) {
    return span.text === span.link ? code(span.link) : `${plainWithin(span.text)} (${code(span.link)})`;
  }
  // GitHub and the Hub make links of bare addresses
  return span.text === span.link ? span.link : `[${plainWithin(span.text)}](${span.link})`;
}

function markdownTable(table: Table): string {
  const aligned = alignmentsOf(table);
  const head = aligned.map((_, i) => cellOf(table.columns?.[i]?.title));
  const rows = table.rows.map((row) => aligned.map((_, i) => cellOf(row[i])));
  return [head, aligned.map(ruleOf), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function ruleOf(align: NonNullable<Column["align"]>): string {
  return align === "right" ? "---:" : "---";
}

/** A bar ends a cell even in a span of code. Those of running text are escaped already. */
function cellOf(cell: Cell): string {
  if (cell === undefined) return "";
  if (isFigure(cell)) return plainWithin(showFigure(cell));
  return spansOf(cell)
    .map((span) =>
      typeof span === "object" && "code" in span ? spanOf(span).replaceAll("|", "\\|") : spanOf(span),
    )
    .join("")
    .trim();
}
