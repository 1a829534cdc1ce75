import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type Checkpoint, type OpenCheckpointOptions, openCheckpoint } from "@revocab/checkpoint";
import { RevocabError } from "@revocab/core";
import { loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import { type HashingFiles, hashFiles } from "./hash-files.ts";

/** A model folder opened for reading: its tensors and its tokenizer, checked against each other. */
export interface OpenModel {
  readonly checkpoint: Checkpoint;
  readonly tokenizer: Tokenizer;
  readonly name: string;
  readonly revision: string | null;
  /** How the tensors were found, to find them again in what is written. */
  readonly tensorOptions: OpenCheckpointOptions;
  /** sha256 by name of the files that a swap depends on: weights, configs, tokenizer. Started at the first call. */
  hashes(): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

/**
 * Opens a model folder with its tokenizer.
 *
 * @throws RevocabError `shape_mismatch` when the tokenizer has ids that the embeddings have no row for
 */
export async function openModel(
  directory: string,
  { vocabularyTensors = {}, ignoreTensors = [], weights }: OpenCheckpointOptions = {},
): Promise<OpenModel> {
  const tensorOptions = { vocabularyTensors, ignoreTensors };
  const checkpoint = await openCheckpoint(directory, { ...tensorOptions, ...(weights && { weights }) });
  try {
    const tokenizer = await loadTokenizer(directory);
    if (tokenizer.vocabulary.size > checkpoint.rows) {
      throw new RevocabError(
        "shape_mismatch",
        `the embeddings of ${directory} have ${checkpoint.rows} rows but its tokenizer has ids up to ${tokenizer.vocabulary.size - 1}`,
        {
          hint: "the tokenizer belongs to another model: put the model's own tokenizer.json into the folder",
        },
      );
    }
    let hashing: HashingFiles | undefined;
    return {
      checkpoint,
      tokenizer,
      ...nameOf(directory),
      tensorOptions,
      hashes() {
        hashing ??= hashFiles(directory, hashedNames(checkpoint, tokenizer));
        return hashing.hashes;
      },
      async close() {
        await hashing?.stop();
        await checkpoint.close();
      },
    };
  } catch (error) {
    await checkpoint.close();
    throw error;
  }
}

function hashedNames({ directory, files }: Checkpoint, tokenizer: Tokenizer): string[] {
  const names = [...files.map(({ name }) => name), "config.json", ...tokenizer.files.keys()];
  return names.filter((name) => existsSync(join(directory, name)));
}

/**
 * What a folder is called, without its path. A snapshot of the Hugging Face cache
 * (`models--ORG--NAME/snapshots/COMMIT`) is called by its repository and commit.
 */
export function nameOf(path: string): { name: string; revision: string | null } {
  const full = resolve(path);
  const commit = /^[0-9a-f]{40}$/.test(basename(full)) ? basename(full) : undefined;
  const repository = /^models--(.+)$/.exec(basename(dirname(dirname(full))))?.[1];
  if (commit && repository && basename(dirname(full)) === "snapshots") {
    return { name: repository.replace("--", "/"), revision: commit };
  }
  return { name: basename(full), revision: null };
}
