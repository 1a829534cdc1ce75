import type { Command } from "commander";
import { wholeNumber } from "../options.ts";

export interface PruneFlags {
  readonly keepFor?: string;
  readonly keep?: number;
  readonly keepIds?: boolean;
}

export function withPruneOptions(command: Command): Command {
  return command
    .optionsGroup("Which tokens are left:")
    .option("--keep-for <file>", "keep the tokens that this text is written with, and what any text needs")
    .option(
      "--keep <n>",
      "with --keep-for: keep no more tokens than this, the most used first",
      wholeNumber(1),
    )
    .option("--keep-ids", "leave ids as they are, with holes between them");
}

/** What editVocabulary takes; undefined where nothing is to be taken out. */
export async function pruneOptions({ keepFor, keep, keepIds = false }: PruneFlags) {
  if (keepFor === undefined) {
    if (keep === undefined && !keepIds) return undefined;
    const { RevocabError } = await import("@revocab/core");
    throw new RevocabError(
      "bad_options",
      `${keep === undefined ? "--keep-ids" : "--keep"} was given without --keep-for`,
      { hint: "pass --keep-for with a text of the kind that the model is for" },
    );
  }
  const { readCorpus } = await import("@revocab/transfer");
  return { keepFor: readCorpus(keepFor), keepIds, atMost: keep };
}
