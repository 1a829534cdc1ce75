import { showLine } from "@revocab/core";

/**
 * Foreign text in running text, on one line, with all markup, HTML, entities and links escaped.
 * @see https://spec.commonmark.org/0.31.2/#backslash-escapes
 */
export function plain(text: string): string {
  return showLine(text)
    .replace(/ +/g, " ")
    .trim()
    .replace(/[\\`*_{}[\]<>#|&~@$]|^[-+]|^\d+(?=[.)])|:(?=\/\/)|(?<=www)\./gi, (sign) =>
      /\d/.test(sign) ? `${sign}\\` : `\\${sign}`,
    );
}

/**
 * Foreign text as a span of code, on one line. The fence has one backtick more than the longest run of them in the text.
 * @see https://spec.commonmark.org/0.31.2/#code-spans
 */
export function code(text: string): string {
  const shown = showLine(text);
  const longest = Math.max(0, ...Array.from(shown.matchAll(/`+/g), ([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  // readers remove one space on both sides within the fence, unless there is nothing else
  const isPadded = /^[ `]|[ `]$/.test(shown) && /[^ ]/.test(shown);
  return isPadded ? `${fence} ${shown} ${fence}` : `${fence}${shown === "" ? " " : shown}${fence}`;
}

/** A table of cells that are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
