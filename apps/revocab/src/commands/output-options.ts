import { RevocabError } from "@revocab/core";
import type { Command } from "commander";
import { collect } from "../options.ts";
import type { PublishFlags } from "../publish-afterwards.ts";

/** Where a command writes a model, or that it shall not. */
export interface OutputFlags extends PublishFlags {
  readonly out?: string;
  readonly dryRun?: boolean;
  readonly eval?: string;
  readonly force?: boolean;
}

export const ALLOW_FILE_HELP =
  "publish this file though it looks like a secret, or was changed since the gate (repeatable)";

export function withOutputOptions(command: Command): Command {
  return command
    .option("--out <folder>", "the folder to write")
    .option("--dry-run", "print what would be done, in counts, and write nothing")
    .option("--publish <repository>", "publish the result on the Hub, as OWNER/NAME (see: revocab publish)")
    .option("--private", "with --publish: a repository that only its owner sees")
    .option("--allow-file <name>", `with --publish: ${ALLOW_FILE_HELP}`, collect);
}

/** The folder to write; undefined for a dry run. */
export function outOf(command: Command, { out, dryRun = false }: OutputFlags): string | undefined {
  if (dryRun) return undefined;
  if (out !== undefined) return out;
  return command.error("error: required option '--out <folder>' not specified, nor --dry-run", {
    exitCode: 2,
  });
}

/** @throws RevocabError `bad_options` for what only a written model can have done to it */
export function refuseWithDryRun(flags: OutputFlags): void {
  if (flags.eval !== undefined) {
    throw new RevocabError("bad_options", "--eval scores the written model, but --dry-run writes none", {
      hint: "revocab compare scores methods without writing a model",
    });
  }
  if (flags.publish !== undefined) {
    throw new RevocabError(
      "bad_options",
      "--publish publishes the written model, but --dry-run writes none",
      {
        hint: "leave one of them out; revocab publish has a --dry-run of its own",
      },
    );
  }
}
