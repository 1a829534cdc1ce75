import type { Alignment, Vocabulary } from "@revocab/core";
import { compareDigits, type DigitComparison, splitsDiffer } from "@revocab/vocab-alignment";
import { describeDigits } from "@revocab/vocabulary";
import { isDigitToken } from "@revocab/vocabulary/internal";
import type { PlanOptions } from "./plan-options.ts";

/** How source and target split numbers, and a warning where they differ. */
export async function splitsOfNumbers(
  { model, tokenizer, digits }: Pick<PlanOptions, "model" | "tokenizer" | "digits">,
  alignment: Alignment,
): Promise<{ readonly comparison: DigitComparison; readonly notes: readonly string[] }> {
  const comparison = await compareDigits(model.readable, tokenizer);
  const note = noteOnDigits(comparison, alignment, tokenizer.vocabulary, digits);
  return { comparison, notes: note === undefined ? [] : [note] };
}

/** A warning where the target splits numbers otherwise than the source, with what to do; undefined where it does not. */
function noteOnDigits(
  comparison: DigitComparison,
  alignment: Alignment,
  target: Vocabulary,
  digits: PlanOptions["digits"],
): string | undefined {
  if (!splitsDiffer(comparison)) return undefined;
  return (
    `numbers are ${describeDigits(comparison.target)}; the source has them ${describeDigits(comparison.source)}. ` +
    `Of 0–9999, ${grouped(comparison.alike)} are split alike. Arithmetic gets worse and needs training; ` +
    `a tokenizer that splits numbers as the source does keeps it${adviceOn(countNew(alignment, target), digits)}`
  );
}

function adviceOn(count: number, digits: PlanOptions["digits"]): string {
  if (count === 0) return "";
  const tokens = `${grouped(count)} digit token${count === 1 ? "" : "s"} that the source lacks`;
  return digits === "spelling"
    ? `. Rows of ${tokens} come from their spelling`
    : `. \`digits: spelling\` takes the rows of ${tokens} from their spelling`;
}

function countNew({ sourceOf }: Alignment, target: Vocabulary): number {
  return sourceOf.reduce((count, source, id) => count + Number(source < 0 && isDigitToken(target, id)), 0);
}

function grouped(number: number): string {
  return number.toLocaleString("en");
}
