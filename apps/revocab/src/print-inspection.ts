import type { Inspection } from "@revocab/transfer";
import { grouped, printTable } from "./print-table.ts";

/** The vocabulary of a model or tokenizer, for a person. */
export function printInspection({ name, model, tokenizer, surprises }: Inspection): string {
  const sections: string[] = [];
  if (model) {
    const bytes = model.files.reduce((sum, file) => sum + file.bytes, 0);
    sections.push(
      `${name}: ${model.modelType}, ${model.files.length} weight file${model.files.length === 1 ? "" : "s"}, ${(bytes / 1e6).toFixed(1)} MB\n`,
      `\nTensors with a row per token (${model.tied ? "tied: input and head share their rows" : "the head has rows of its own"})\n`,
      printTable(
        model.tables.map(({ slot, tensors, shape, dtype }) => [
          slot,
          `${shape[0]} × ${shape[1]}`,
          dtype,
          tensors.join(" = "),
        ]),
      ),
      "\n",
    );
  } else sections.push(`${name}\n\n`);
  sections.push(
    `Tokenizer: ${tokenizer.family}, ${grouped(tokenizer.size)} ids, fingerprint ${tokenizer.fingerprint.slice(0, 12)}\n`,
    printTable(
      Object.entries(tokenizer.kinds)
        .filter(([, count]) => count > 0)
        .map(([kind, count]) => [kind, grouped(count)]),
    ),
    tokenizer.duplicates > 0
      ? `  ${grouped(tokenizer.duplicates)} tokens stand for the same bytes as another\n`
      : "",
    tokenizer.specials.length > 0 ? "\nSpecial tokens\n" : "",
    printTable(
      tokenizer.specials.slice(0, 24).map(({ id, token, roles }) => [`${id}`, token, roles.join(", ")]),
    ),
    tokenizer.specials.length > 24 ? `  … and ${tokenizer.specials.length - 24} more\n` : "",
    surprises.length > 0 ? "\nSurprises\n" : "",
    ...surprises.map((surprise) => `  ${surprise}\n`),
  );
  return sections.join("");
}
