import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { RevocabError, showText } from "@revocab/core";
import { insideFolder, openFile } from "@revocab/files";

/** A file that is published. */
export interface FolderFile {
  /** Inside the folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
}

/**
 * All files of a folder but hidden ones, in the order of their names. Links to files are followed inside the folder; one
 * that leads out of it, to a hidden file or to a folder is refused: it was hardly meant for the public.
 * @throws RevocabError `bad_file` for such a link; `missing_file` for a link to nothing, for what is no file, and for what
 *   cannot be read
 */
export async function folderFiles(folder: string, below = ""): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  const entries = await readdir(join(folder, below), { withFileTypes: true }).catch((cause: unknown) => {
    const { code } = cause as NodeJS.ErrnoException;
    throw new RevocabError("missing_file", `${showText(join(folder, below))} cannot be listed (${code})`, {
      hint: "check the path, and that the folder may be read",
      cause,
    });
  });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith(".")) continue;
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      files.push(...(await folderFiles(folder, path)));
      continue;
    }
    const handle = await openFile(await placeOf(folder, path), { hint: HINT });
    try {
      files.push({ path, bytes: (await handle.stat()).size });
    } finally {
      await handle.close();
    }
  }
  return files;
}

/**
 * Where the content of a file of the folder is, through links inside the folder.
 * @throws RevocabError as {@link folderFiles} does
 */
export async function placeOf(folder: string, path: string): Promise<string> {
  const place = await insideFolder(folder, path);
  const way = relative(await realpath(folder), place).split(sep);
  const isHidden = way[0] !== ".." && way.some((part) => part.startsWith("."));
  const what = isHidden ? "a hidden file" : (await stat(place)).isDirectory() ? "a folder" : undefined;
  if (what === undefined) return place;
  throw new RevocabError("bad_file", `${showText(path)} in ${showText(folder)} is a link to ${what}`, {
    hint: HINT,
  });
}

const HINT = "take it out of the folder, or put a copy of what is meant in its place";
