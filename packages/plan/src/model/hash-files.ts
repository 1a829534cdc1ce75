import { createHash } from "node:crypto";
import { join } from "node:path";
import { hashFile } from "@revocab/checkpoint/internal";
import { type Job, RevocabError, showText } from "@revocab/core";
import { hashContent } from "@revocab/files";
import { promisedHash } from "@revocab/files/internal";

export interface HashOptions {
  /** sha256 in hex by name of files whose bytes were hashed as they were read: these are not read again. @default none */
  readonly known?: Readonly<Record<string, string>>;
  readonly job?: Pick<Job, "abortSignal">;
}

/**
 * sha256 in hex of files of a folder, in the order of their names. A file of the Hugging Face cache must have the hash that its
 * blob is named by.
 * @throws RevocabError `hub_damaged` where it has another; `missing_file`, `aborted`
 */
export async function hashFiles(
  directory: string,
  names: readonly string[],
  { known = {}, job }: HashOptions = {},
): Promise<Readonly<Record<string, string>>> {
  const hashes: Record<string, string> = {};
  for (const name of [...names].sort()) {
    const sha256 = known[name] ?? (await hashFile(join(directory, name), job));
    await requirePromised(directory, name, sha256, job);
    hashes[name] = sha256;
  }
  return hashes;
}

async function requirePromised(
  directory: string,
  name: string,
  sha256: string,
  job: HashOptions["job"],
): Promise<void> {
  const path = join(directory, name);
  const promised = await promisedHash(path);
  if (promised === undefined) return;
  const { algorithm, hex } = promised;
  const found = algorithm === "sha256" ? sha256 : await hashContent(path, algorithm, job?.abortSignal);
  if (found === hex) return;
  throw new RevocabError(
    "hub_damaged",
    `${showText(name, 200)} in ${showText(directory)} has the ${algorithm} ${found}, but it was downloaded as ${hex}`,
    { hint: `the cache was damaged or changed: remove blobs/${hex} of the repository in it, and run again` },
  );
}

/** sha256 of files held in memory, in hex, by name. */
export function hashContents(files: ReadonlyMap<string, Uint8Array>): Record<string, string> {
  const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  return Object.fromEntries(
    [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, bytes]) => [name, hash(bytes)]),
  );
}
