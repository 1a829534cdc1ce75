import { RevocabError } from "@revocab/core";
import type { PublishedFolder, PublishedModel } from "@revocab/hub";
import {
  counted,
  figure,
  grouped,
  list,
  paragraph,
  type TextDocument,
  table,
} from "@revocab/report-document";
import type { Command } from "commander";
import { type CommandContext, finishBeforeExit, runCommand } from "../run-command.ts";
import { collect } from "./options/values.ts";

interface Flags extends Omit<PublishFlags, "publish"> {
  readonly to: string;
  readonly branch: string;
  readonly pullRequest?: boolean;
  readonly title?: string;
  readonly dryRun?: boolean;
}

export function registerPublish(program: Command): void {
  const command = program
    .command("publish")
    .summary("publish a swapped model on the Hub")
    .description(
      "Publish a folder that revocab wrote and checked, as one commit. The token is HF_TOKEN, or that of hf auth login.",
    )
    .argument("<folder>", "a folder as revocab swap or revocab apply wrote it")
    .requiredOption("--to <repository>", "OWNER/NAME; created where it does not exist")
    .option("--private", "a repository that only its owner sees")
    .option("--branch <name>", "the branch to commit to; created where it does not exist", "main")
    .option("--pull-request", "open a pull request instead of committing")
    .option("--title <text>", "title of the commit (what was swapped for what)")
    .option("--allow-file <name>", ALLOW_FILE_HELP, collect)
    .option("--dry-run", "check everything and publish nothing");
  command.action(async (folder: string, { private: hidden, allowFile, ...flags }: Flags) => {
    const { publishFolder } = await import("@revocab/hub");
    await runCommand(
      command,
      (context) =>
        finishBeforeExit(() =>
          publishFolder({ folder, ...flags, private: hidden, allowFiles: allowFile, ...context }),
        ),
      presentPublished,
    );
  });
}

export const ALLOW_FILE_HELP =
  "publish this file though it looks like a secret, or was changed since the gate (repeatable)";

/** The flags of a command that publishes what it writes. */
export interface PublishFlags {
  readonly publish?: string;
  readonly private?: boolean;
  readonly allowFile?: readonly string[];
}

/**
 * Prepares to publish what a command writes. A wrong name or a missing token is an error at once, before hours of work; a
 * failure afterwards says where the model is and how to try again.
 */
export async function publishAfterwards(
  { publish: to, private: hidden = false, allowFile }: PublishFlags,
  context: CommandContext,
): Promise<(folder: string) => Promise<{ readonly published?: PublishedFolder }>> {
  if (to === undefined) {
    if (!hidden && allowFile === undefined) return async () => ({});
    const option = hidden ? "--private" : "--allow-file";
    throw new RevocabError("bad_options", `${option} was given without --publish`, {
      hint: "pass --publish OWNER/NAME as well",
    });
  }
  const { checkPublisher, publishFolder } = await import("@revocab/hub");
  const options = { to, private: hidden, allowFiles: allowFile, ...context };
  await checkPublisher(options);
  return async (folder) => {
    try {
      return { published: await finishBeforeExit(() => publishFolder({ folder, ...options })) };
    } catch (error) {
      if (!(error instanceof RevocabError)) throw error;
      const again = [
        `revocab publish ${folder} --to ${to}`,
        ...(hidden ? ["--private"] : []),
        ...(allowFile ?? []).map((name) => `--allow-file ${name}`),
      ].join(" ");
      throw new RevocabError(
        error.code,
        `the model is in ${folder}, but it was not published: ${error.message}`,
        { hint: `${error.hint === undefined ? "" : `${error.hint}; `}then ${again}` },
      );
    }
  };
}

/** The files that were published and where; in a dry run, those that would be. */
export function presentPublished(published: PublishedFolder | PublishedModel): TextDocument {
  const { repository, url, branch, isNew, commit, pullRequest, files, bytes, deleted, kept } = published;
  const isDry = commit === null;
  const place = `${repository}${branch === "main" ? "" : ` (${branch})`}`;
  const done =
    pullRequest === null ? `Published as ${commit?.slice(0, 12)}: ${url}` : `Opened ${pullRequest}`;
  return {
    blocks: [
      table(files.map((file) => [figure(file.bytes), file.path])),
      paragraph(
        `${grouped(files.length)} files, ${grouped(bytes)} bytes${isDry ? " would go" : ""} to ${place}, ${isNew ? "a new repository" : "which exists"}`,
      ),
      list([
        ...("copied" in published ? movedLines(published) : []),
        ...(deleted.length > 0
          ? [`${isDry ? "to be removed" : "removed"} there: ${deleted.join(", ")}`]
          : []),
        ...(kept.length > 0 ? [`kept there: ${kept.join(", ")}`] : []),
      ]),
      paragraph(isDry ? "Nothing was published (--dry-run)" : done),
    ],
  };
}

/** Which weights the Hub copied, and what was moved. */
function movedLines({ copied, moved, sent }: PublishedModel): readonly string[] {
  const amount = (files: PublishedModel["copied"]) =>
    `${counted(files.length, "file")}, ${grouped(files.reduce((sum, { bytes }) => sum + bytes, 0))} bytes`;
  return [
    ...(copied.length > 0 ? [`copied on the Hub: ${amount(copied)}`] : []),
    ...(moved.length > 0 ? [`unchanged, but not copied by the Hub, and so moved: ${amount(moved)}`] : []),
    `sent: ${grouped(sent)} bytes`,
  ];
}
