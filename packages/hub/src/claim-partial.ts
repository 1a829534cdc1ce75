import { randomBytes } from "node:crypto";
import { lstat, readdir, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isAlive } from "./is-alive.ts";

/**
 * Takes over what an earlier attempt left of a blob, under a name of this process, so that two processes that download
 * one file do not write into each other's. An attempt that failed leaves `HASH.incomplete`; one that was killed leaves
 * the name with its process id. What is no regular file was left by no attempt: a link there would have the download
 * written to wherever it leads.
 */
export async function claimPartial(place: string): Promise<string> {
  const [folder, name] = [dirname(place), basename(place)];
  const own = `${place}.${process.pid}-${randomBytes(4).toString("hex")}.incomplete`;
  for (const other of await readdir(folder)) {
    if (!other.startsWith(`${name}.`)) continue;
    const owner = /\.(\d+)-[0-9a-f]{8}\.incomplete$/.exec(other)?.[1];
    if (other !== `${name}.incomplete` && (owner === undefined || isAlive(Number(owner)))) continue;
    const isFile = await lstat(join(folder, other)).then(
      (stats) => stats.isFile(),
      () => false,
    );
    if (!isFile) continue;
    const taken = await rename(join(folder, other), own).then(
      () => true,
      () => false, // another process was faster
    );
    if (taken) break;
  }
  return own;
}
