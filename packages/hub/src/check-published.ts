import { RevocabError, showText } from "@revocab/core";
import { hashContent } from "@revocab/files";
import { type FolderFile, placeOf } from "./folder-files.ts";
import type { RepositoryListing } from "./list-repository.ts";

/**
 * Looks whether a commit holds what a folder holds: every name, every size, and the content of small files by git's
 * hash (that of large ones was checked when they were taken).
 * @throws RevocabError `hub_damaged`
 */
export async function checkPublished(
  folder: string,
  files: readonly FolderFile[],
  listing: RepositoryListing,
): Promise<void> {
  const found = await differences(folder, files, listing);
  if (found.length === 0) return;
  throw new RevocabError(
    "hub_damaged",
    `${listing.name} at ${listing.commit.slice(0, 12)} is not what ${showText(folder)} is: ${found.slice(0, 5).join("; ")}`,
    { hint: "publish again; if it happens again, look at the repository's page" },
  );
}

/** In what a commit differs from a folder, in words. */
export async function differences(
  folder: string,
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
    else if (
      there.hash.algorithm === "git-sha1" &&
      there.hash.hex !== (await hashContent(await placeOf(folder, path), "git-sha1"))
    ) {
      found.push(`${showText(path, 200)} has another content there`);
    }
  }
  return found;
}
