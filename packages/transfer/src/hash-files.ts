import { createHash } from "node:crypto";
import { join } from "node:path";
import { hashFile } from "@revocab/checkpoint";

/** sha256 of files in a folder, in hex, by name; as the Hub computes it for large files. */
export async function hashFiles(
  directory: string,
  names: readonly string[],
  options: { abortSignal?: AbortSignal } = {},
): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const name of [...names].sort()) hashes[name] = await hashFile(join(directory, name), options);
  return hashes;
}

/** sha256 of files held in memory, in hex, by name. */
export function hashContents(files: ReadonlyMap<string, Uint8Array>): Record<string, string> {
  const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  return Object.fromEntries(
    [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, bytes]) => [name, hash(bytes)]),
  );
}
