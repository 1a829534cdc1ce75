import { showLine } from "@revocab/core";
import { inFlags } from "./in-flags.ts";

/*
 * Everything that is printed goes through this file: text of others (tokens, names of files, notes) must not move the
 * cursor or turn the line around.
 */

/** A whole output: line ends pass, every other control character is escaped. */
export function forTerminal(text: string): string {
  return text
    .split("\n")
    .map((line) => showLine(line))
    .join("\n");
}

/** Generated text: tabs pass as well, and the joiners that emoji and the scripts of Iran and India are written with. */
export function proseForTerminal(text: string): string {
  return text
    .split(/([\n\t\u200c\u200d])/)
    .map((part, i) => (i % 2 === 0 ? showLine(part) : part))
    .join("");
}

/** A template's tag: the template is our own text and passes, each value may be foreign and is escaped to one line. */
export function escaped(parts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return parts.map((part, i) => (i === 0 ? part : showLine(String(values[i - 1])) + part)).join("");
}

/** Notes for a person, a line each. */
export function printNotes(notes: readonly string[], prefix = ""): string {
  return notes.map((note) => escaped`  note: ${prefix}${inFlags(note)}\n`).join("");
}

/** Rows of cells as aligned columns; numbers are right-aligned. Each cell is escaped to one line. */
export function printTable(cells: readonly (readonly string[])[], indent = "  "): string {
  const rows = cells.map((row) => row.map((cell) => showLine(cell, LONGEST_CELL)));
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows
    .map((row) => {
      const cells = row.map((cell, i) =>
        /^[-−]?[\d.,]+$/.test(cell) ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number),
      );
      return `${indent}${cells.join("  ").trimEnd()}\n`;
    })
    .join("");
}

/** So that one token of 1 MB does not widen the line of every other. */
const LONGEST_CELL = 1000;

/** 1234567 → 1,234,567 */
export function grouped(number: number): string {
  return number.toLocaleString("en");
}

/** A part of a whole in percent; empty where there is nothing to divide by. */
export function percentOf(part: number, whole: number): string {
  return whole === 0 ? "" : `${((100 * part) / whole).toFixed(1)} %`;
}
