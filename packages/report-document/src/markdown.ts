import { showLine } from "@revocab/core";

/**
 * Foreign text in running text, on one line, with all markup, HTML, entities and links escaped.
 * @see https://spec.commonmark.org/0.31.2/#backslash-escapes
 */
export function plain(text: string): string {
  return atStart(plainWithin(text).trim());
}

/** As {@link plain}, of a part of a line: spaces at its ends stay, and it does not begin the line. */
export function plainWithin(text: string): string {
  return showLine(text)
    .replace(/ +/g, " ")
    .replace(/[\\`*_{}[\]<>#|&~@$]|:(?=\/\/)|(?<=www)\./gi, "\\$&");
}

/** A line of Markdown that is no list: what stands first would begin one. */
export function atStart(line: string): string {
  return line.replace(/^[-+]/, "\\$&").replace(/^(\d+)([.)])/, "$1\\$2");
}

/**
 * Foreign text as a span of code, on one line. The fence has one backtick more than the longest run of them in the text.
 * @see https://spec.commonmark.org/0.31.2/#code-spans
 */
export function code(text: string): string {
  const shown = showLine(text);
  const fence = "`".repeat(longestRun(shown) + 1);
  // readers remove one space on both sides within the fence, unless there is nothing else
  const isPadded = /^[ `]|[ `]$/.test(shown) && /[^ ]/.test(shown);
  return isPadded ? `${fence} ${shown} ${fence}` : `${fence}${shown === "" ? " " : shown}${fence}`;
}

/** Lines as a block of code, between fences that are longer than any run of backticks in them. */
export function codeBlock(text: string, language = ""): string {
  const lines = text.split("\n").map((line) => showLine(line));
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1));
  return [fence + language.replace(/[^\w-]/g, ""), ...lines, fence].join("\n");
}

function longestRun(text: string): number {
  return Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
}
