import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { RevocabError, showText } from "@revocab/core";
import type { SeenFolder } from "./seen-folder.ts";

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
 *   cannot be read; `file_changed`
 */
export async function folderFiles(folder: SeenFolder, below = ""): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  const directory = join(folder.path, below);
  const entries = await readdir(directory, { withFileTypes: true }).catch((cause: unknown) => {
    const { code } = cause as NodeJS.ErrnoException;
    throw new RevocabError("missing_file", `${showText(directory)} cannot be listed (${code})`, {
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
    const { handle, bytes } = await folder.open(path);
    await handle.close();
    files.push({ path, bytes });
  }
  return files;
}
