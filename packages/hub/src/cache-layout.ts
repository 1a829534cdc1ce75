import { link, mkdir, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { readWhole } from "@revocab/files";
import { ifThere, putInPlace, writeError } from "@revocab/files/internal";
import type { RepositoryFile } from "./list-repository.ts";

/**
 * One repository in the Hugging Face cache, as the Python client lays it out and reads it:
 *
 *     models--ORG--NAME/refs/main               the commit a branch was at
 *     models--ORG--NAME/snapshots/COMMIT/FILE   a link to …
 *     models--ORG--NAME/blobs/HASH              … the content
 *
 * @see https://huggingface.co/docs/huggingface_hub/guides/manage-cache
 */
export interface RepositoryCache {
  readonly directory: string;
  snapshot(commit: string): string;
  blob(file: RepositoryFile): string;
  /** The commit that a revision was at when it was last looked up; undefined when it never was. */
  commitOf(revision: string): Promise<string | undefined>;
  /** Notes the commit of a branch or tag. */
  remember(revision: string, commit: string): Promise<void>;
  /** Puts a blob into a snapshot, under its name. */
  link(file: RepositoryFile, commit: string): Promise<void>;
}

const COMMIT = /^[0-9a-f]{40}$/;

export function repositoryCache(cacheDirectory: string, name: string): RepositoryCache {
  const directory = join(cacheDirectory, `models--${name.replaceAll("/", "--")}`);
  const snapshot = (commit: string) => join(directory, "snapshots", commit);
  const blob = ({ hash }: RepositoryFile) => join(directory, "blobs", hash.hex);
  return {
    directory,
    snapshot,
    blob,
    async commitOf(revision) {
      if (COMMIT.test(revision)) return revision;
      const ref = join(directory, "refs", revision);
      if ((await ifThere(ref, stat(ref))) === undefined) return undefined;
      const commit = (await readWhole(ref, { most: 1000 })).toString("utf8").trim();
      return COMMIT.test(commit) ? commit : undefined;
    },
    async remember(revision, commit) {
      if (COMMIT.test(revision)) return;
      await placeIn(join(directory, "refs", revision), (path) => writeFile(path, commit, { flag: "wx" }));
    },
    async link(file, commit) {
      const place = join(snapshot(commit), file.path);
      const target = relative(dirname(place), blob(file));
      await placeIn(place, (path) =>
        symlink(target, path).catch((error: NodeJS.ErrnoException) => {
          // Windows lets only some users make symbolic links
          if (error.code !== "EPERM") throw error;
          return link(blob(file), path);
        }),
      );
    },
  };
}

async function placeIn(place: string, make: (path: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(place), { recursive: true }).catch((cause: unknown) => {
    throw writeError(place, cause);
  });
  await putInPlace(place, make);
}
