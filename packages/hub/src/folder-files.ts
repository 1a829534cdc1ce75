import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { RevocabError } from "@revocab/core";
import type { AccessToken } from "./access-token.ts";

/** A file that is published. */
export interface FolderFile {
  /** Inside the folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
}

/** Larger files are weights; what a token could be left in is smaller. */
const MAX_TEXT_BYTES = 20e6;

/** All files of a folder but hidden ones, in the order of their names. */
export async function folderFiles(folder: string, below = ""): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  const entries = await readdir(join(folder, below), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith(".")) continue;
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    const { size, ...found } = await describe(join(folder, path));
    if (found.isDirectory) files.push(...(await folderFiles(folder, path)));
    else if (found.isFile) files.push({ path, bytes: size });
  }
  return files;
}

/** @throws RevocabError `bad_options` for a folder in which the token was written down */
export async function refuseToken(
  folder: string,
  files: readonly FolderFile[],
  token: AccessToken,
): Promise<void> {
  for (const { path, bytes } of files) {
    if (bytes > MAX_TEXT_BYTES) continue;
    if (!(await readFile(join(folder, path))).includes(token.reveal())) continue;
    throw new RevocabError(
      "bad_options",
      `${path} in ${folder} holds your access token: it is not published`,
      {
        hint: "take it out of the file, and make a new token: this one has been written down",
      },
    );
  }
}

/** What git calls a file of this content. */
export async function gitSha1(path: string): Promise<string> {
  const bytes = await readFile(path);
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

async function describe(path: string) {
  const found = await stat(path);
  return { size: found.size, isDirectory: found.isDirectory(), isFile: found.isFile() };
}
