import { createHash } from "node:crypto";
import { join } from "node:path";
import { type FileSource, readSafetensorsHeader } from "@revocab/checkpoint";
import { RevocabError, showText } from "@revocab/core";
import type { GatedWeights } from "./gated-folder.ts";
import type { HubClient } from "./hub-client.ts";
import type { RepositoryListing } from "./list-repository.ts";
import { notLookedAt } from "./publishing-messages.ts";
import { readRange } from "./read-range.ts";
import type { LargeFile } from "./upload-large.ts";

/** Large files that a commit does not have as they were to be, in words. */
export function unlike(large: readonly LargeFile[], { files }: RepositoryListing): string[] {
  return large.flatMap(({ path, bytes, sha256 }) => {
    const there = files.find((file) => file.path === path);
    if (there === undefined) return [`${showText(path, 200)} is missing`];
    return there.bytes === bytes && there.hash.hex === sha256
      ? []
      : [`${showText(path, 200)} has another content there`];
  });
}

interface PublishedLarge {
  readonly after: RepositoryListing;
  readonly large: readonly LargeFile[];
  /** Of the files that the Hub copied. */
  readonly headers: readonly GatedWeights[];
  readonly page: string;
  readonly weights: FileSource;
  readonly folder: string;
}

/**
 * Compares the large files of a commit with what they were to be, and the headers of copied ones, byte by byte, with those that passed
 * the gate.
 * @throws RevocabError `hub_damaged`; what reading a header throws, saying that the commit is there
 */
export async function checkLarge(
  client: HubClient,
  { after, large, headers, page, weights, folder }: PublishedLarge,
): Promise<void> {
  const found = unlike(large, after);
  for (const { path, headerSha256 } of headers) {
    const file = after.files.find((one) => one.path === path);
    if (found.length > 0 || file === undefined) break;
    const { dataStart } = await readSafetensorsHeader(join(folder, path), weights);
    const hash = createHash("sha256");
    const range = { client, repository: after.name, commit: after.commit, file, start: 0, end: dataStart };
    await readRange(range, async (bytes) => void hash.update(bytes)).catch((error: unknown) => {
      throw notLookedAt(error, page);
    });
    if (hash.digest("hex") !== headerSha256)
      found.push(`the copy of ${showText(path, 200)} begins with another header`);
  }
  if (found.length === 0) return;
  throw new RevocabError(
    "hub_damaged",
    `published as ${page}, but it is not what passed the gate: ${found.slice(0, 5).join("; ")}`,
    {
      hint: "do not use that commit: go back to the one before it on the repository's page, and publish again",
    },
  );
}
