import type { Command } from "commander";
import { awaitAnswer } from "../await-answer.ts";
import { collect } from "../options.ts";
import { runCommand } from "../run-command.ts";
import { ALLOW_FILE_HELP } from "./output-options.ts";

interface Flags {
  readonly to: string;
  readonly private?: boolean;
  readonly branch: string;
  readonly pullRequest?: boolean;
  readonly title?: string;
  readonly allowFile?: readonly string[];
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
    const { printPublished } = await import("../print-published.ts");
    await runCommand(
      command,
      (context) =>
        awaitAnswer(() =>
          publishFolder({
            folder,
            ...flags,
            ...(hidden && { private: true }),
            allowFiles: allowFile,
            ...context,
          }),
        ),
      printPublished,
    );
  });
}
