import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { hashFile } from "@revocab/checkpoint";

/** What {@link hashFiles} asks of its worker. */
export interface HashWork {
  readonly directory: string;
  readonly names: readonly string[];
}

const { directory, names } = workerData as HashWork;
const hashes: Record<string, string> = {};
for (const name of names) hashes[name] = await hashFile(join(directory, name));
parentPort?.postMessage(hashes);
