import { rmdirSync, rmSync } from "node:fs";
import { ownerFileOf } from "./run-lock.ts";

/** Paths that are being written, and the folders created for them, innermost first. */
const known = new Map<string, readonly string[]>();

/**
 * Notes a file or folder that is no result yet. Whoever writes it removes it after a failure; for a process that is ended
 * before that, {@link removeUnfinished} does.
 * @param folders created for it: they are removed with it where nothing else lies in them, the innermost first
 * @returns to be called when it is in its place, or gone
 */
export function trackUnfinished(path: string, folders: readonly string[] = []): () => void {
  known.set(path, folders);
  return () => void known.delete(path);
}

/** Removes all that is unfinished, at once: for the last moment of a process. */
export function removeUnfinished(): void {
  for (const [path, folders] of known) {
    quietly(() => rmSync(path, { recursive: true, force: true }));
    quietly(() => rmSync(ownerFileOf(path), { force: true }));
    for (const folder of folders) quietly(() => rmdirSync(folder));
  }
  known.clear();
}

/** The process ends: what cannot be removed is found by the next run. */
function quietly(remove: () => void): void {
  try {
    remove();
  } catch {}
}
