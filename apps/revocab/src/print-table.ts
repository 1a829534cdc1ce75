/** Rows of cells as aligned columns; numbers lie to the right. */
export function printTable(rows: readonly (readonly string[])[], indent = "  "): string {
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

export function grouped(number: number): string {
  return number.toLocaleString("en");
}
