import { readdir, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { hashFile } from "@revocab/checkpoint";

/**
 * sha256 in hex of all files of a folder and its subfolders, by their paths with `/`, in their order.
 * @param left paths of files that are left out
 */
export async function hashFolder(
  directory: string,
  left: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const hashes: [string, string][] = [];
  for (const path of (await readdir(directory, { recursive: true })).sort()) {
    const place = join(directory, path);
    const name = path.split(sep).join("/");
    if (!left.includes(name) && (await stat(place)).isFile()) hashes.push([name, await hashFile(place)]);
  }
  return Object.fromEntries(hashes);
}
