import type { PublishedFolder } from "@revocab/hub";
import { grouped, printTable } from "./print-table.ts";
import { shown } from "./shown.ts";

/** What was published and where, or in a dry run what would be. */
export function printPublished(published: PublishedFolder): string {
  const { repository, url, branch, isNew, commit, pullRequest, files, bytes, deleted, kept } = published;
  const isDry = commit === null;
  const place = `${repository}${branch === "main" ? "" : ` (${branch})`}`;
  return [
    printTable(files.map((file) => [grouped(file.bytes), file.path])),
    shown`\n${grouped(files.length)} files, ${grouped(bytes)} bytes${isDry ? " would go" : ""} to ${place}, ${isNew ? "a new repository" : "which exists"}\n`,
    ...(deleted.length > 0
      ? [shown`  ${isDry ? "to be removed" : "removed"} there: ${deleted.join(", ")}\n`]
      : []),
    ...(kept.length > 0 ? [shown`  kept there: ${kept.join(", ")}\n`] : []),
    isDry
      ? "\nNothing was published (--dry-run)\n"
      : `\n${pullRequest === null ? shown`Published as ${commit.slice(0, 12)}: ${url}` : shown`Opened ${pullRequest}`}\n`,
  ].join("");
}
