import { showText } from "@revocab/core";
import { inFlags } from "./in-flags.ts";

/**
 * Text to print, as a template's tag: what stands in the template is ours and passes, each value in it may be foreign and
 * is shown on one line.
 */
export function shown(parts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return parts.map((part, i) => (i === 0 ? part : showText(String(values[i - 1])) + part)).join("");
}

/** Notes for a person, a line each. */
export function printNotes(notes: readonly string[], prefix = ""): string {
  return notes.map((note) => shown`  note: ${prefix}${inFlags(note)}\n`).join("");
}
