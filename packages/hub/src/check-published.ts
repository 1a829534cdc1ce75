import { RevocabError, showText } from "@revocab/core";
import type { RepositoryListing } from "./list-repository.ts";
import type { FolderFile, SeenFolder } from "./seen-folder.ts";

/**
 * Checks that a commit holds what the folder held: every name, every size, and every content by its hash. The hashes come
 * from the search for secrets, which skips tensors: small weight files are hashed here, and the Hub checked large ones
 * when it took them.
 * @throws RevocabError `hub_damaged`
 */
export async function checkPublished(
  folder: SeenFolder,
  files: readonly FolderFile[],
  listing: RepositoryListing,
): Promise<void> {
  const found = await differences(folder, files, listing);
  if (found.length === 0) return;
  throw new RevocabError(
    "hub_damaged",
    `${listing.name} at ${listing.commit.slice(0, 12)} is not what ${showText(folder.path)} is: ${found.slice(0, 5).join("; ")}`,
    { hint: "publish again; if it happens again, look at the repository's page" },
  );
}

/** In what a commit differs from what was seen in a folder, in words. */
export async function differences(
  folder: SeenFolder,
  files: readonly FolderFile[],
  { files: remote }: RepositoryListing,
): Promise<string[]> {
  const byPath = new Map(remote.map((file) => [file.path, file]));
  const found: string[] = [];
  for (const { path, bytes } of files) {
    const there = byPath.get(path);
    if (there === undefined) found.push(`${showText(path, 200)} is missing`);
    else if (there.bytes !== bytes)
      found.push(`${showText(path, 200)} has ${there.bytes} bytes there and ${bytes} here`);
    else {
      const { algorithm, hex } = there.hash;
      const isSmall = algorithm === "git-sha1";
      const seen = folder.hashesOf(path) ?? (isSmall ? await folder.read(path) : undefined);
      if (seen !== undefined && seen[algorithm] !== hex) {
        found.push(`${showText(path, 200)} has another content there`);
      }
    }
  }
  return found;
}
