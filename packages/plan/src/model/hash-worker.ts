import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { hashFile } from "@revocab/checkpoint/internal";
import { RevocabError, showText } from "@revocab/core";
import { hashContent } from "@revocab/files";
import { promisedHash } from "@revocab/files/internal";

/** The message to the worker of {@link hashFiles}. */
export interface HashWork {
  readonly directory: string;
  readonly names: readonly string[];
}

/** The worker's answer. */
export interface HashResult {
  readonly hashes: Readonly<Record<string, string>>;
  /** The error that ended the hashing, as data: classes do not cross threads. */
  readonly failure?: Pick<RevocabError, "code" | "message"> & { readonly hint?: string };
}

const { directory, names } = workerData as HashWork;
const hashes: Record<string, string> = {};
try {
  for (const name of names) hashes[name] = await hashChecked(name);
  parentPort?.postMessage({ hashes } satisfies HashResult);
} catch (error) {
  if (!(error instanceof RevocabError)) throw error;
  const { code, message, hint } = error;
  parentPort?.postMessage({ hashes, failure: { code, message, ...(hint && { hint }) } } satisfies HashResult);
}

/** The sha256 of a file. A file of the Hugging Face cache must have the hash that its blob is named by. */
async function hashChecked(name: string): Promise<string> {
  const path = join(directory, name);
  const sha256 = await hashFile(path);
  const promised = await promisedHash(path);
  if (promised === undefined) return sha256;
  const { algorithm, hex } = promised;
  const found = algorithm === "sha256" ? sha256 : await hashContent(path, algorithm);
  if (found === hex) return sha256;
  throw new RevocabError(
    "hub_damaged",
    `${showText(name, 200)} in ${showText(directory)} has the ${algorithm} ${found}, but it was downloaded as ${hex}`,
    { hint: `the cache was damaged or changed: remove blobs/${hex} of the repository in it, and run again` },
  );
}
