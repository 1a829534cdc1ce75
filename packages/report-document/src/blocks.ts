import { spansOf } from "./cells.ts";
import type {
  Block,
  Column,
  Figure,
  List,
  Notes,
  Paragraph,
  Section,
  Span,
  Table,
  Text,
} from "./document.ts";

/** A heading with what is under it. */
export function section(title: string, ...blocks: readonly Block[]): Section {
  return { kind: "section", title, blocks };
}

/** Running text. */
export function paragraph(text: Text): Paragraph {
  return { kind: "paragraph", text };
}

/** Items, one below the other. */
export function list(items: readonly Text[]): List {
  return { kind: "list", items };
}

/** What a reader has to know. */
export function notes(found: readonly string[], tone: NonNullable<Notes["tone"]> = "note"): Notes {
  return { kind: "notes", notes: found, tone };
}

/**
 * Rows of cells.
 * @param columns titles, or columns; an empty title for a column that needs none @default a table without a head
 */
export function table(rows: Table["rows"], columns?: readonly (string | Column)[]): Table {
  if (columns === undefined) return { kind: "table", rows };
  return {
    kind: "table",
    columns: columns.map((column) => (typeof column === "string" ? { title: column } : column)),
    rows,
  };
}

/**
 * A number as a cell.
 * @param places digits after the point
 * @param unit after the number, such as `%`
 */
export function figure(value: number, places = 0, unit?: string): Figure {
  return { value, places, unit };
}

/** A part of a whole in percent, with one digit after the point; undefined where there is nothing to divide by. */
export function percentage(part: number, whole: number): Figure | undefined {
  return whole === 0 ? undefined : figure((100 * part) / whole, 1, "%");
}

/** A number with commas, to thousandths: 1234567.891 → 1,234,567.891. */
export function grouped(number: number): string {
  // the first call of the other takes 20 ms: it loads what is known of languages
  if (!(Math.abs(number) < 1e15)) return number.toLocaleString("en");
  const [whole = "", fraction] = `${Number(number.toFixed(3))}`.split(".");
  const groups = whole.replace(/\B(?=(?:\d{3})+$)/g, ",");
  return fraction === undefined ? groups : `${groups}.${fraction}`;
}

/** A number of things: 1 step, 1,234 steps. */
export function counted(number: number, one: string): string {
  return `${grouped(number)} ${one}${number === 1 ? "" : "s"}`;
}

/** A template's tag: a text of the template's words and of what is put in. A number is grouped. */
export function phrase(words: TemplateStringsArray, ...values: readonly (Text | number)[]): Text {
  return words.flatMap((part, i): readonly Span[] => {
    const value = values[i];
    if (value === undefined) return [part];
    return [part, ...spansOf(typeof value === "number" ? grouped(value) : value)];
  });
}

/** Texts with something between them. */
export function joined(texts: readonly Text[], between: string): Text {
  return texts.flatMap((text, i) => [...(i === 0 ? [] : [between]), ...spansOf(text)]);
}

/** A token, a name of a file, a command. */
export function code(text: string): Span {
  return { code: text };
}
