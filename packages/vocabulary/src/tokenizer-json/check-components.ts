import { badTokenizer } from "./bad-tokenizer.ts";
import { components } from "./components.ts";
import type { Outline } from "./outline.ts";
import type { ComponentJson } from "./tokenizer-json.ts";

type Parts = Pick<Outline, "normalizer" | "pre_tokenizer" | "decoder">;

/**
 * Refuses components that have no meaning and that the tokenizers library does not survive: words of no characters, and the
 * search for an empty text, which is found everywhere.
 */
export function checkComponents(parts: Parts, origin: string): void {
  for (const place of ["normalizer", "pre_tokenizer", "decoder"] as const) {
    for (const component of components(parts[place] ?? undefined)) {
      const problem = problemOf(component);
      if (problem !== undefined) throw badTokenizer(origin, `${place}: ${component.type} ${problem}`);
    }
  }
}

function problemOf({ type, length, pattern }: ComponentJson): string | undefined {
  if (type === "FixedLength" && length === 0) {
    return "cuts words of 0 characters, expected a length of at least 1";
  }
  if ((type === "Replace" || type === "Split") && isEmpty(pattern)) {
    return "searches for an empty pattern, expected one that matches some text";
  }
  return undefined;
}

function isEmpty(pattern: unknown): boolean {
  if (typeof pattern !== "object" || pattern === null) return pattern === "";
  return Object.values(pattern).includes("");
}
