import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { RevocabError, showText } from "@revocab/core";
import { hashContent } from "@revocab/files";
import { ifThere, promisedHash } from "@revocab/files/internal";
import { isTokenizerFile } from "@revocab/vocabulary";
import type { RepositoryCache } from "./cache-layout.ts";
import { INDEX_NAME, SINGLE_NAME, shardsOf, type Wanted } from "./wanted-files.ts";

/**
 * Looks whether the cache holds what is wanted of a repository.
 * @returns the commit of the snapshot that does
 * @throws RevocabError `missing_file`, which names what is missing
 */
export async function fromCacheAlone(
  cache: RepositoryCache,
  { name, revision }: { readonly name: string; readonly revision: string },
  want: Wanted,
): Promise<string> {
  const hint = "download it once without HF_HUB_OFFLINE, or copy the cache from a machine that has it";
  const commit = await cache.commitOf(revision);
  const directory = cache.snapshot(commit ?? "none");
  const names = await ifThere(directory, readdir(directory));
  if (commit === undefined || names === undefined) {
    throw new RevocabError(
      "missing_file",
      `${name}@${revision} is not in the cache, and HF_HUB_OFFLINE is set`,
      { hint },
    );
  }
  await checkSmallFiles(directory, names, `${name}@${revision}`);
  const missing = await missingIn(directory, names, want);
  if (missing.length > 0) {
    throw new RevocabError(
      "missing_file",
      `the cache has ${name}@${revision} (${commit.slice(0, 12)}) without ${missing
        .slice(0, 5)
        .map((file) => showText(file, 200))
        .join(", ")}, and HF_HUB_OFFLINE is set`,
      { hint },
    );
  }
  return commit;
}

/** Configs and tokenizer files are what their blobs are named by; weights are hashed when a report records them. */
async function checkSmallFiles(directory: string, names: readonly string[], name: string): Promise<void> {
  for (const file of names) {
    if (!isTokenizerFile(file) && !file.endsWith(".json")) continue;
    const promised = await promisedHash(join(directory, file));
    if (promised === undefined) continue;
    const found = await hashContent(join(directory, file), promised.algorithm);
    if (found === promised.hex) continue;
    throw new RevocabError(
      "hub_damaged",
      `${showText(file, 200)} of ${name} in the cache has the ${promised.algorithm} ${found}, but it was downloaded as ${promised.hex}`,
      {
        hint: "the cache was damaged or changed: run once without HF_HUB_OFFLINE, and it is downloaded again",
      },
    );
  }
}

async function missingIn(directory: string, names: readonly string[], want: Wanted): Promise<string[]> {
  const has = async (file: string) => {
    const path = join(directory, file);
    return (await ifThere(path, stat(path))) !== undefined;
  };
  const missing = names.some(isTokenizerFile) ? [] : ["a tokenizer"];
  const hasConfig = await has("config.json");
  const isTokenizer = want === "tokenizer" || (want === "any" && !hasConfig);
  if (isTokenizer) return missing;
  if (!hasConfig) missing.push("config.json");
  if (await has(SINGLE_NAME)) return missing;
  if (!(await has(INDEX_NAME))) return want === "any" ? missing : [...missing, SINGLE_NAME];
  for (const shard of await shardsOf(join(directory, INDEX_NAME))) {
    if (!(await has(shard))) missing.push(shard);
  }
  return missing;
}
