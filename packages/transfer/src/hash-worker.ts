import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { hashFile } from "@revocab/checkpoint";
import { type ContentHash, hashContent, promisedHash } from "@revocab/files";

/** What {@link hashFiles} asks of its worker. */
export interface HashWork {
  readonly directory: string;
  readonly names: readonly string[];
}

/** What comes back. */
export interface HashResult {
  readonly hashes: Readonly<Record<string, string>>;
  /** The first file of the Hugging Face cache whose content is not what its blob is named by. */
  readonly damaged?: { readonly name: string; readonly found: string; readonly promised: ContentHash };
}

const { directory, names } = workerData as HashWork;
parentPort?.postMessage(await hashAll());

async function hashAll(): Promise<HashResult> {
  const hashes: Record<string, string> = {};
  for (const name of names) {
    const path = join(directory, name);
    const sha256 = await hashFile(path);
    hashes[name] = sha256;
    const promised = await promisedHash(path);
    if (promised === undefined) continue;
    const found = promised.algorithm === "sha256" ? sha256 : await hashContent(path, promised.algorithm);
    if (found !== promised.hex) return { hashes, damaged: { name, found, promised } };
  }
  return { hashes };
}
