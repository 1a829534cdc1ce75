import type { Command } from "commander";
import { wholeNumber } from "../options.ts";
import { printTable } from "../print-table.ts";
import { runCommand } from "../run-command.ts";

interface Flags {
  readonly neighbors: number;
  readonly maxWords?: number;
}

export function registerNearest(vectors: Command): void {
  const command = vectors
    .command("nearest")
    .summary("the words nearest to a word")
    .description("The words whose vectors are nearest to that of a word, by cosine.")
    .argument("<file>", "vectors: .bin, .vec or word2vec")
    .argument("<word>", "any word, where the vectors have n-grams")
    .option("--neighbors <n>", "how many", wholeNumber(1), 10)
    .option("--max-words <n>", "look among the first n words of the file", wholeNumber(1))
    .action(async (file: string, word: string, { neighbors, maxWords }: Flags) => {
      const { nearestWords } = await import("../nearest-words.ts");
      await runCommand(
        command,
        (context) => nearestWords({ file, word, k: neighbors, maxWords, ...context }),
        (found) => printTable(found.map(({ word: near, cosine }) => [near, cosine.toFixed(3)])),
        { readsOnly: true },
      );
    });
}
