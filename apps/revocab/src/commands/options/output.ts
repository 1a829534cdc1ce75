import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { RevocabError } from "@revocab/core";
import { ifThere } from "@revocab/files/internal";
import type { Command } from "commander";
import { PAGE_HELP } from "../../write-page.ts";
import { ALLOW_FILE_HELP, type PublishFlags } from "../publish.ts";
import type { HealFlags } from "./training.ts";
import { collect } from "./values.ts";

/* Where a command writes. */

/** The folder of a model, or none with --dry-run. */
export interface OutputFlags extends PublishFlags {
  readonly out?: string;
  readonly dryRun?: boolean;
  readonly eval?: string;
  readonly byToken?: boolean;
  readonly heal?: HealFlags["heal"];
  readonly force?: boolean;
  readonly html?: string;
}

export function withOutputOptions(command: Command): Command {
  return command
    .option("--out <folder>", "the folder to write")
    .option("--dry-run", "print what would be done, in counts, and write nothing")
    .option("--html <file>", PAGE_HELP)
    .option("--publish <repository>", "publish the result on the Hub, as OWNER/NAME (see: revocab publish)")
    .option("--private", "with --publish: a repository that only its owner sees")
    .option("--allow-file <name>", `with --publish: ${ALLOW_FILE_HELP}`, collect);
}

/** The folder to write; undefined for a dry run. */
export function outOf(command: Command, { out, dryRun = false }: OutputFlags): string | undefined {
  if (dryRun) return undefined;
  if (out !== undefined) return out;
  return command.error("error: required option '-o, --out <folder>' not specified, nor --dry-run", {
    exitCode: 2,
  });
}

/** @throws RevocabError `bad_options` for options that need a written model */
export function refuseWithDryRun(flags: OutputFlags): void {
  if (flags.eval !== undefined) {
    throw new RevocabError("bad_options", "--eval scores the written model, but --dry-run writes none", {
      hint: "revocab compare scores methods without writing a model",
    });
  }
  if (flags.heal !== undefined) {
    throw new RevocabError("bad_options", "--heal trains the rows of a swap, but --dry-run makes none", {
      hint: "revocab plan --heal trains rows without writing a model",
    });
  }
  if (flags.html !== undefined) {
    throw new RevocabError("bad_options", "--html shows the written model, but --dry-run writes none", {
      hint: "revocab report shows a plan as a page, which revocab plan writes",
    });
  }
  if (flags.publish !== undefined) {
    throw new RevocabError(
      "bad_options",
      "--publish publishes the written model, but --dry-run writes none",
      { hint: "leave one of them out; revocab publish has a --dry-run of its own" },
    );
  }
}

/**
 * Checks that a file can be written at `out`, before work that can take hours.
 * @throws RevocabError `output_exists`, `write_failed`; `bad_file` where nobody may look
 */
export async function checkOutputFile(out: string, force: boolean): Promise<void> {
  if (!force && (await ifThere(out, stat(out)))) {
    throw new RevocabError("output_exists", `${out} exists already`, {
      hint: "choose another --out, or pass --force to replace it",
    });
  }
  if (!(await ifThere(dirname(out), stat(dirname(out))))) {
    throw new RevocabError("write_failed", `there is no folder ${dirname(out)} to write ${out} in`, {
      hint: "make the folder, or check the path",
    });
  }
}

/** As {@link checkOutputFile}, of vectors. @throws RevocabError `bad_options` too, for a name with another ending */
export async function checkVectorsFile(
  out: string,
  force: boolean,
  endings: readonly string[],
): Promise<void> {
  if (!endings.some((ending) => out.endsWith(ending))) {
    throw new RevocabError(
      "bad_options",
      `--out is ${out}; a name that ends in ${endings.join(" or ")} was expected`,
      {
        hint: endings.includes(".bin")
          ? ".bin is fastText's format and keeps the n-grams; .vec is text, words alone"
          : "turned vectors are written as text, words alone",
      },
    );
  }
  await checkOutputFile(out, force);
}
