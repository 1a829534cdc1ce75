import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { RevocabError } from "@revocab/core";
import { isTokenizerFile } from "@revocab/vocabulary";
import type { RepositoryCache } from "./cache-layout.ts";
import { INDEX_NAME, SINGLE_NAME, shardsOf } from "./choose-weights.ts";
import type { ResolvedModel, Wanted } from "./resolved-model.ts";

/**
 * What is wanted of a repository, from the cache and nothing else.
 * @throws RevocabError `missing_file`, which names what is missing
 */
export async function fromCacheAlone(
  cache: RepositoryCache,
  { name, revision }: { readonly name: string; readonly revision: string },
  want: Wanted,
): Promise<ResolvedModel> {
  const hint = "download it once without HF_HUB_OFFLINE, or copy the cache from a machine that has it";
  const commit = cache.commitOf(revision);
  if (commit === undefined || !existsSync(cache.snapshot(commit))) {
    throw new RevocabError(
      "missing_file",
      `${name}@${revision} is not in the cache, and HF_HUB_OFFLINE is set`,
      { hint },
    );
  }
  const directory = cache.snapshot(commit);
  const missing = await missingIn(directory, want);
  if (missing.length > 0) {
    throw new RevocabError(
      "missing_file",
      `the cache has ${name}@${revision} (${commit.slice(0, 12)}) without ${missing.join(", ")}, and HF_HUB_OFFLINE is set`,
      { hint },
    );
  }
  return {
    directory,
    repository: { name, commit },
    weights: undefined,
    received: () => ({ bytes: 0, ofBytes: 0 }),
    close: async () => {},
  };
}

async function missingIn(directory: string, want: Wanted): Promise<string[]> {
  const has = (file: string) => existsSync(join(directory, file));
  const missing = (await readdir(directory)).some(isTokenizerFile) ? [] : ["a tokenizer"];
  const isTokenizer = want === "tokenizer" || (want === "any" && !has("config.json"));
  if (isTokenizer) return missing;
  if (!has("config.json")) missing.push("config.json");
  if (has(SINGLE_NAME)) return missing;
  if (!has(INDEX_NAME)) return want === "any" ? missing : [...missing, SINGLE_NAME];
  const shards = await shardsOf(join(directory, INDEX_NAME));
  return [...missing, ...[...shards].filter((shard) => !has(shard))];
}
