import { readdir, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { hashFile } from "@revocab/checkpoint";

/** sha256 in hex of all files of a folder and its subfolders but weights, by their paths with `/`, in their order. */
export async function hashFolder(directory: string): Promise<Readonly<Record<string, string>>> {
  const hashes: [string, string][] = [];
  for (const path of (await readdir(directory, { recursive: true })).sort()) {
    const place = join(directory, path);
    const isHashed = !path.endsWith(".safetensors") && (await stat(place)).isFile();
    if (isHashed) hashes.push([path.split(sep).join("/"), await hashFile(place)]);
  }
  return Object.fromEntries(hashes);
}
