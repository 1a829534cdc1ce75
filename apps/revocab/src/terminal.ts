import { showLine } from "@revocab/core";
import { wrapped } from "@revocab/report-document";

/*
 * What is printed beside documents goes through this file: text of others (tokens, names of files, messages) must not move the
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

/** A line for a stream: on a terminal broken between words at its width, and what goes on stands further in. */
export function linesFor(
  { isTTY, columns }: Pick<NodeJS.WriteStream, "isTTY" | "columns">,
  line: string,
  hanging: string,
): readonly string[] {
  if (!isTTY) return [line];
  const start = /^ */.exec(line)?.[0] ?? "";
  const room = (columns || 80) - Math.max(start.length, hanging.length);
  return wrapped(line.slice(start.length), room).map((part, i) => `${i === 0 ? start : hanging}${part}`);
}
