import { showText } from "@revocab/core";

/**
 * Foreign text in running text: on one line, and no markup, HTML, entity or link, whatever it holds.
 * @see https://spec.commonmark.org/0.31.2/#backslash-escapes
 */
export function plain(text: string): string {
  return showText(text)
    .replace(/ +/g, " ")
    .trim()
    .replace(/[\\`*_{}[\]<>#|&~@$]|^[-+]|^\d+(?=[.)])|:(?=\/\/)|(?<=www)\./gi, (sign) =>
      /\d/.test(sign) ? `${sign}\\` : `\\${sign}`,
    );
}

/**
 * Foreign text as a span of code, on one line. A span ends at as many backticks as it began with, so that it begins with
 * one more than any run of them inside.
 * @see https://spec.commonmark.org/0.31.2/#code-spans
 */
export function code(text: string): string {
  const shown = showText(text);
  const longest = Math.max(0, ...Array.from(shown.matchAll(/`+/g), ([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  // one space within the fence is taken off on both sides, unless there is nothing else
  const isPadded = /^[ `]|[ `]$/.test(shown) && /[^ ]/.test(shown);
  return isPadded ? `${fence} ${shown} ${fence}` : `${fence}${shown === "" ? " " : shown}${fence}`;
}
