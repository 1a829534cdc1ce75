import { lstat, readlink, realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { RevocabError, showText } from "@revocab/core";
import { ifThere } from "./if-there.ts";
import type { OpenOptions } from "./open-file.ts";

/**
 * The real path of a file or folder that belongs to `folder`, to be opened in place of `path`. What a folder holds is
 * copied and published, and git stores links: a link that leads out of the folder would give away the file it leads to.
 *
 * The folder may be a link itself, and links inside it may lead anywhere inside it. A snapshot of the Hugging Face cache
 * (`models--ORG--NAME/snapshots/COMMIT`) also reaches the files of its repository's own `blobs`.
 *
 * @param path relative to `folder`, or absolute
 * @throws RevocabError `bad_file` for a link that leads out, with where it leads; `missing_file` for no file;
 *   `bad_file` for a link to nothing
 */
export async function insideFolder(
  folder: string,
  path: string,
  { hint = "check the path, and that the file is all there" }: OpenOptions = {},
): Promise<string> {
  const full = resolve(folder, path);
  const [root, real] = [await realOf(folder, hint), await realOf(full, hint)];
  if (isWithin(root, real) || isBlobOf(root, real)) return real;
  throw new RevocabError(
    "bad_file",
    `${showText(full)} leads to ${showText(real)}, which is outside the folder ${showText(folder)}`,
    { hint: "put a copy of the file in the folder if it is meant, else remove the link" },
  );
}

/** `real` lies among the blobs of the repository whose snapshot, or a folder of it, `root` is. */
function isBlobOf(root: string, real: string): boolean {
  const blobs = dirname(real);
  const repository = dirname(blobs);
  if (basename(blobs) !== "blobs" || !CACHED.test(basename(repository))) return false;
  const [snapshots, commit = ""] = relative(repository, root).split(sep);
  return snapshots === "snapshots" && COMMIT.test(commit);
}

const CACHED = /^(models|datasets|spaces)--./;
const COMMIT = /^[0-9a-f]{40}$/;

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

async function realOf(path: string, hint: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    const { code, found } = await whyUnreal(path, cause);
    throw new RevocabError(code, `${showText(path)}: ${found}`, { hint, cause });
  }
}

/** A link to nothing is something that is there. */
async function whyUnreal(
  path: string,
  cause: unknown,
): Promise<{ readonly code: "missing_file" | "bad_file"; readonly found: string }> {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === "ELOOP") return { code: "bad_file", found: "found links that lead in a circle" };
  if (code !== "ENOENT" && code !== "ENOTDIR")
    return { code: "bad_file", found: `it cannot be read (${code})` };
  if (!(await ifThere(path, lstat(path)))?.isSymbolicLink())
    return { code: "missing_file", found: "there is no such file" };
  return { code: "bad_file", found: `found a link to nothing (${showText(await readlink(path))})` };
}
