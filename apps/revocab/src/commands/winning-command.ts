import { type MethodCandidate, methodText } from "@revocab/embedding-init";
import type { MethodComparison } from "@revocab/measure";
import type { Command, Option } from "commander";
import { shellWord } from "../shell-word.ts";

/**
 * The command that makes a model with the best of compared methods: a swap with the options of the comparison that choose rows.
 * @param compare the command that was run
 * @param candidates what was compared
 */
export function winningCommand(
  compare: Command,
  { methods, best }: MethodComparison,
  candidates: readonly MethodCandidate[],
): string {
  const { name, given = {} } = candidates[methods[best]?.candidate ?? 0] as MethodCandidate;
  const value = (option: string) => shellWord(String(compare.getOptionValue(option)));
  const rest = compare.options.flatMap((option) =>
    choosesRows(compare, option) ? wordsOf(compare, option) : [],
  );
  return [
    ...["revocab", "swap", value("model"), "--tokenizer", value("tokenizer")],
    ...["--method", shellWord(methodText({ name, options: given }))],
    ...rest.map(shellWord),
    ...["--out", "OUT"],
  ].join(" ");
}

/** Options of a comparison that a swap does not have, that it says otherwise, or that are for the score alone. */
const OTHERS: ReadonlySet<string> = new Set([
  ...["model", "tokenizer", "text", "methods", "with", "html", "after", "trainText"],
  ...["context", "stride", "maxBytes", "documents", "bos", "samples"],
  ...["threads", "memory", "device", "dtype"],
]);

/** The default of an option is that of a swap, too. */
function choosesRows(command: Command, option: Option): boolean {
  const attribute = option.attributeName();
  const isSaid = option.negate === (command.getOptionValue(attribute) === false);
  return isSaid && !OTHERS.has(attribute) && command.getOptionValueSource(attribute) === "cli";
}

function wordsOf(command: Command, option: Option): readonly string[] {
  const long = option.long as string;
  const value: unknown = command.getOptionValue(option.attributeName());
  if (typeof value === "boolean") return [long];
  if (Array.isArray(value)) return option.variadic ? [long, ...value] : value.flatMap((each) => [long, each]);
  if (typeof value !== "object" || value === null) return [long, String(value)];
  return Object.entries(value).flatMap(([key, inner]) => [long, `${key}=${inner}`]);
}
