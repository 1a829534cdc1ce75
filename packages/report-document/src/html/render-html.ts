import { createHash } from "node:crypto";
import { alignmentsOf, isFigure } from "../cells.ts";
import { namesSeries, tableOfChart } from "../chart-tables.ts";
import type {
  BarChart,
  Block,
  LineChart,
  Notes,
  Panel,
  PointChart,
  ReportDocument,
  Section,
  Table,
} from "../document.ts";
import { COLORS, drawingOf, seriesOf } from "./charts.ts";
import { escapeHtml, htmlOf, htmlOfCell, jsonForScript } from "./escape.ts";
import { STYLES } from "./styles.ts";

export interface HtmlOptions {
  /** Sources of JavaScript that bring panels to life, run after the page is read. No others are allowed to run. @default none: panels show what stands `instead` */
  readonly scripts?: readonly string[];
  /** Sources of CSS, after the page's own. @default none */
  readonly styles?: readonly string[];
  /** Translates notes, such as the names of options into those of flags. @default notes stay as they are */
  readonly words?: (note: string) => string;
}

/**
 * A document as one HTML page that needs nothing else: it opens from disk, loads nothing, and its policy forbids that it ever
 * does. Every text is escaped, and control characters are shown as escapes.
 */
export function renderHtml(
  { title, lead, blocks }: ReportDocument,
  { scripts = [], styles = [], words = (note) => note }: HtmlOptions = {},
): string {
  const safe = scripts.map(scriptText);
  const page: Page = { words, hasScripts: safe.length > 0, ids: new Set(["content"]), headings: [] };
  const body = htmlOfBlocks(blocks, page, 2);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policyOf(safe)}">
${PAGE_MARK}
<title>${escapeHtml(title)}</title>
${[STYLES, ...styles].map((style) => `<style>${style.replaceAll("<", "\\3c ")}</style>`).join("\n")}
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<h1>${htmlOf(title)}</h1>
${lead === undefined ? "" : `<p class="lead">${htmlOf(lead)}</p>\n`}${THEMES}
</header>
${contentsOf(page.headings)}<main id="content" tabindex="-1">
${body}
</main>
${safe.map((script) => `<script>${script}</script>\n`).join("")}</body>
</html>
`;
}

/** What each page has in its head, and by which a file is known to be one. */
const PAGE_MARK = '<meta name="generator" content="revocab">';

/** Whether a file is a page of {@link renderHtml}. @param start its first 4,096 bytes or more */
export function isPage(start: string): boolean {
  return start.startsWith("<!doctype html>") && start.includes(PAGE_MARK);
}

/** What is known while a page is written. */
interface Page extends Required<Pick<HtmlOptions, "words">> {
  readonly hasScripts: boolean;
  /** Ids that are taken. */
  readonly ids: Set<string>;
  /** Titles of sections, for the table of contents. */
  readonly headings: { readonly id: string; readonly title: string; readonly level: number }[];
}

/** Scripts by their hashes; no other source of anything but images within the page. */
function policyOf(scripts: readonly string[]): string {
  const hashes = scripts.map((script) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`);
  return [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    ...(hashes.length > 0 ? [`script-src ${hashes.join(" ")}`] : []),
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

/** A script that nothing within it ends: such signs stand in strings and regular expressions, where an escape means the same. */
function scriptText(script: string): string {
  return script.replace(/<(?=\/script|script|!--)/gi, "\\x3c");
}

const THEMES = `<fieldset class="theme"><legend>Theme</legend>${["auto", "light", "dark"]
  .map(
    (theme, i) =>
      `<label><input type="radio" name="theme" id="theme-${theme}"${i === 0 ? " checked" : ""}><span>${theme}</span></label>`,
  )
  .join("")}</fieldset>`;

/** Sections and the sections within them. */
function contentsOf(headings: Page["headings"]): string {
  if (headings.filter(({ level }) => level === 2).length < 2) return "";
  const items = headings
    .filter(({ level }) => level <= 3)
    .map(
      ({ id, title, level }) => `<li class="level${level}"><a href="#${id}">${escapeHtml(title)}</a></li>`,
    );
  return `<nav aria-label="Contents"><ul>\n${items.join("\n")}\n</ul></nav>\n`;
}

/** @param level of headings in these blocks; HTML has 6 */
function htmlOfBlocks(blocks: readonly Block[], page: Page, level: number): string {
  return blocks
    .map((block) => htmlOfBlock(block, page, level))
    .filter((part) => part !== "")
    .join("\n");
}

function htmlOfBlock(block: Block, page: Page, level: number): string {
  switch (block.kind) {
    case "section":
      return htmlOfSection(block, page, level);
    case "paragraph":
      return `<p>${htmlOf(block.text)}</p>`;
    case "list":
      return block.items.length === 0
        ? ""
        : `<ul>${block.items.map((item) => `<li>${htmlOf(item)}</li>`).join("")}</ul>`;
    case "notes":
      return htmlOfNotes(block, page);
    case "table":
      return htmlOfTable(block, page);
    case "bars":
    case "points":
    case "lines":
      return htmlOfChart(block, page);
    case "code":
      return `<pre tabindex="0"><code>${block.text.split("\n").map(escapeHtml).join("\n")}</code></pre>`;
    case "panel":
      return htmlOfPanel(block, page, level);
  }
}

/** Nothing for a section that has nothing in it. */
function htmlOfSection({ title, blocks }: Section, page: Page, level: number): string {
  const before = page.headings.length;
  const id = freshId(title, page);
  page.headings.push({ id, title, level });
  const content = htmlOfBlocks(blocks, page, level + 1);
  if (content === "") {
    page.headings.length = before;
    return "";
  }
  return `<section aria-labelledby="${id}">
${heading(title, id, level)}
${content}
</section>`;
}

function heading(title: string, id: string, level: number): string {
  const tag = `h${Math.min(6, level)}`;
  return `<${tag} id="${id}">${htmlOf(title)}</${tag}>`;
}

/** An id that says what it names, as far as that is written in ASCII, and that no other has. */
function freshId(title: string, { ids }: Page): string {
  const words = title.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const start = words.join("-").slice(0, 60) || "part";
  let id = start;
  for (let i = 2; ids.has(id); i++) id = `${start}-${i}`;
  ids.add(id);
  return id;
}

function htmlOfNotes({ notes, tone = "note" }: Notes, { words }: Page): string {
  if (notes.length === 0) return "";
  const items = notes.map((note) => `<li>${htmlOf(words(note))}</li>`).join("");
  return `<div class="notes ${tone}"><p class="tone">${tone === "warning" ? "Warning" : notes.length === 1 ? "Note" : "Notes"}</p><ul>${items}</ul></div>`;
}

/** @param name of what has no title of its own, such as the figures of a chart */
function htmlOfTable(table: Table, page: Page, name = page.headings.at(-1)?.title ?? "Table"): string {
  const { title, columns, rows } = table;
  if (rows.length === 0 && columns === undefined) return "";
  const aligned = alignmentsOf(table);
  const end = (i: number) => (aligned[i] === "right" ? ' class="end"' : "");
  const head =
    columns === undefined
      ? ""
      : `<thead><tr>${columns.map((column, i) => headOf(column.title, end(i))).join("")}</tr></thead>`;
  const body = rows.map((row) => `<tr>${aligned.map((_, i) => cellOf(row, i, end(i))).join("")}</tr>`);
  const caption = title === undefined ? "" : `<caption>${htmlOf(title)}</caption>`;
  return `<div class="scroll" role="group" tabindex="0" aria-label="${escapeHtml(title ?? name)}"><table>${caption}${head}<tbody>
${body.join("\n")}
</tbody></table></div>`;
}

/** A heading without words is no heading for a screen reader. */
function headOf(title: string, end: string): string {
  return title === "" ? "<td></td>" : `<th scope="col"${end}>${htmlOf(title)}</th>`;
}

/** What stands first and is no number names its row. */
function cellOf(row: Table["rows"][number], i: number, end: string): string {
  const cell = row[i];
  const content = htmlOfCell(cell);
  const isName = i === 0 && row.length > 1 && content !== "" && !isFigure(cell);
  return isName ? `<th scope="row"${end}>${content}</th>` : `<td${end}>${content}</td>`;
}

function htmlOfChart(chart: BarChart | PointChart | LineChart, page: Page): string {
  const id = freshId(chart.title, page);
  const series = seriesOf(chart);
  const legend =
    series.length < 2 && !namesSeries(chart)
      ? ""
      : `<ul class="legend">${series.map((name, i) => `<li>${swatch(i)}${htmlOf(name)}</li>`).join("")}</ul>`;
  return `<figure class="chart">
<figcaption id="${id}">${htmlOf(chart.title)}</figcaption>
${legend}
<div class="scroll" role="group" tabindex="0" aria-label="${escapeHtml(chart.title)}">${drawingOf(chart, id)}</div>
<details><summary>Figures<span class="unseen"> of ${escapeHtml(chart.title)}</span></summary>
${htmlOfTable(tableOfChart(chart), page, chart.title)}
</details>
</figure>`;
}

function swatch(color: number): string {
  return `<svg class="swatch" viewBox="0 0 12 12" aria-hidden="true"><rect class="c${color % COLORS}" width="12" height="12" rx="2"/></svg>`;
}

/** Without scripts a panel has nothing but what stands instead. */
function htmlOfPanel({ name, title, data, instead = [] }: Panel, page: Page, level: number): string {
  const id = freshId(title, page);
  page.headings.push({ id, title, level });
  const substitute = htmlOfBlocks(instead, { ...page, headings: [] }, level + 1);
  const content = page.hasScripts
    ? `<noscript>${substitute}</noscript>\n<script type="application/json">${jsonForScript(data)}</script>`
    : substitute;
  return `<section class="panel" data-panel="${escapeHtml(name)}" aria-labelledby="${id}">
${heading(title, id, level)}
${content}
</section>`;
}
