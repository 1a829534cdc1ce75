import { showText } from "@revocab/core";

/** What is printed, whoever made it: line ends pass, every other control character is escaped. */
export function forTerminal(text: string): string {
  return text
    .split("\n")
    .map((line) => showText(line))
    .join("\n");
}

/** What a model writes: tabs pass as well, and the joiners that emoji and the scripts of Iran and India are written with. */
export function proseForTerminal(text: string): string {
  return text
    .split(/([\n\t\u200c\u200d])/)
    .map((part, i) => (i % 2 === 0 ? showText(part) : part))
    .join("");
}
