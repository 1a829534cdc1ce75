import { join } from "node:path";
import { RevocabError, showText } from "@revocab/core";
import { readWhole } from "@revocab/files";
import type { RepositoryFile, RepositoryListing } from "./list-repository.ts";
import { MAX_SMALL_FILE_BYTES } from "./wanted-files.ts";

export const SINGLE_NAME = "model.safetensors";
export const INDEX_NAME = "model.safetensors.index.json";

/**
 * The weight files of a model, chosen as they are read: `model.safetensors`, else those that the index in the snapshot
 * names. Copies in other formats and precisions stay where they are.
 * @throws RevocabError `unsupported_checkpoint` when there are none
 */
export async function chooseWeights(
  listing: RepositoryListing,
  snapshot: string,
): Promise<readonly RepositoryFile[]> {
  const { name, files } = listing;
  const single = files.find(({ path }) => path === SINGLE_NAME);
  if (single !== undefined) return [single];
  if (files.some(({ path }) => path === INDEX_NAME)) {
    const shards = await shardsOf(join(snapshot, INDEX_NAME));
    return files.filter(({ path }) => shards.has(path));
  }
  const others = files
    .map(({ path }) => path)
    .filter((path) => /\.(bin|pt|pth|h5|msgpack|gguf|safetensors)$/.test(path))
    .slice(0, 3)
    .map((path) => showText(path, 200));
  throw new RevocabError(
    "unsupported_checkpoint",
    `${name} has neither ${SINGLE_NAME} nor ${INDEX_NAME}` +
      (others.length > 0 ? `, but ${others.join(", ")}` : ""),
    {
      hint:
        "weights are read from safetensors alone: many repositories have them in a pull request (NAME@refs/pr/1), " +
        "or convert the model with transformers' save_pretrained",
    },
  );
}

/** The names of an index; one that is no index names none, and whoever opens the model says what is wrong with it. */
export async function shardsOf(path: string): Promise<ReadonlySet<string>> {
  try {
    const { weight_map } = JSON.parse(
      (await readWhole(path, { most: MAX_SMALL_FILE_BYTES })).toString("utf8"),
    ) as {
      weight_map?: Record<string, unknown>;
    };
    return new Set(Object.values(weight_map ?? {}).filter((name) => typeof name === "string"));
  } catch {
    return new Set();
  }
}
