import type { Command } from "commander";
import type { AlignVectorsOptions } from "../align-vectors.ts";
import { wholeNumber } from "../options.ts";
import { type CommandContext, runCommand } from "../run-command.ts";

type Flags = Omit<AlignVectorsOptions, keyof CommandContext | "fixed" | "turned">;

export function registerAlignVectors(vectors: Command): void {
  const command = vectors
    .command("align")
    .summary("turn one language's vectors into the space of another's")
    .description(
      "Turn vectors so that words lie near their translations, and say how often the nearest word is one.",
    );
  command
    .argument("<fixed>", "vectors of one language, which stay")
    .argument("<turned>", "vectors of another language, which are turned into their space")
    .requiredOption("--dictionary <file>", "word pairs: fixed language TAB turned language")
    .requiredOption("--out <file>", "the turned vectors, .vec")
    .option("--force", "replace an existing --out")
    .option("--center", "take the mean off both spaces first")
    .option("--csls", "retrieve by CSLS, which does not favor words that are near to everything")
    .option("--seed <n>", "which tenth of the pairs is held out for the score", wholeNumber(0), 0)
    .action(async (fixed: string, turned: string, flags: Flags) => {
      const { alignVectors, printAlignment } = await import("../align-vectors.ts");
      await runCommand(
        command,
        (context) => alignVectors({ fixed, turned, ...flags, ...context }),
        printAlignment,
      );
    });
}
