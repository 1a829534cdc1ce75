import type { Cell, Column, Figure, Span, Table, Text } from "./document.ts";

export function spansOf(text: Text): readonly Span[] {
  return Array.isArray(text) ? text : [text as Span];
}

/** A text without its markup. It may be foreign still: whoever shows it escapes it. */
export function wordsOf(text: Text): string {
  return spansOf(text).map(wordsOfSpan).join("");
}

function wordsOfSpan(span: Span): string {
  if (typeof span === "string") return span;
  if ("code" in span) return span.code;
  if ("strong" in span) return span.strong;
  return span.text === span.link ? span.text : `${span.text} (${span.link})`;
}

export function isFigure(cell: Cell): cell is Figure {
  return typeof cell === "object" && "value" in cell;
}

/** 1234.5 → 1,234.50 kB; nothing for what is no number. */
export function showFigure({ value, places = 0, unit }: Figure): string {
  if (Number.isNaN(value)) return "";
  const digits = { minimumFractionDigits: places, maximumFractionDigits: places };
  return `${value.toLocaleString("en", digits)}${unit === undefined ? "" : ` ${unit}`}`;
}

/** Of a link that may become one: an `https://` address on one line, without what could end it in Markdown or HTML. */
export function isSafeAddress(link: string): boolean {
  return /^https:\/\/[^\s<>"'`\\()|\p{C}]+$/u.test(link);
}

/** How each column is aligned: as it says, else to the right where all that stands in it are numbers. */
export function alignmentsOf({ columns, rows }: Table): readonly NonNullable<Column["align"]>[] {
  const count = Math.max(columns?.length ?? 0, ...rows.map((row) => row.length));
  return Array.from({ length: count }, (_, i) => {
    const cells = rows.map((row) => row[i]).filter((cell) => cell !== undefined && cell !== "");
    return columns?.[i]?.align ?? (cells.length > 0 && cells.every(isFigure) ? "right" : "left");
  });
}
