import { statfs } from "node:fs/promises";
import { RevocabError, showText } from "@revocab/core";

/**
 * Refuses to begin what the disk has no room for.
 * @throws RevocabError `no_space` when the disk of `directory` has fewer than `needed` bytes free; where the
 * free space is unknown, writing fails by itself.
 * @param elsewhere what a user may choose instead
 */
export async function requireFreeSpace(
  directory: string,
  needed: number,
  elsewhere = "another output folder",
): Promise<void> {
  const stats = await statfs(directory).catch(() => undefined);
  if (stats === undefined) return;
  const free = stats.bavail * stats.bsize;
  if (free >= needed) return;
  throw new RevocabError(
    "no_space",
    `${showText(directory)} is on a disk with ${free} bytes free; ${needed} bytes are needed`,
    { hint: `free ${Math.ceil((needed - free) / 1e6)} MB there, or choose ${elsewhere}` },
  );
}
