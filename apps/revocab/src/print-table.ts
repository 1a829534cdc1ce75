import { showText } from "@revocab/core";
/** Rows of cells as aligned columns; numbers lie to the right. Cells may quote files: they are shown on one line. */
export function printTable(cells: readonly (readonly string[])[], indent = "  "): string {
  const rows = cells.map((row) => row.map((cell) => showText(cell, LONGEST_CELL)));
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

export function grouped(number: number): string {
  return number.toLocaleString("en");
}
