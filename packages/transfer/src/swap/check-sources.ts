import { createHash } from "node:crypto";
import { join } from "node:path";
import type { FileSource } from "@revocab/checkpoint";
import { type Job, RevocabError, showText, throwIfAborted } from "@revocab/core";
import type { OpenModel } from "@revocab/plan";

interface CheckSourcesOptions {
  /** Where the model's files are read from. */
  readonly source: FileSource;
  /** The files that new ones are made of. */
  readonly names: readonly string[];
  /** sha256 in hex by name; a file without one is not checked. */
  readonly hashes: Readonly<Record<string, string>>;
  readonly job?: Job | undefined;
}

/** A range of a file elsewhere takes a request of its own. */
const BLOCK_BYTES = 16 << 20;
const STEP = "check source";

/**
 * Reads files of a model to their end and compares them with the hashes that they are listed by: what came by ranges could not be
 * compared when it came.
 * @throws RevocabError `hub_damaged`, `aborted`
 */
export async function checkSources(
  { name: model, checkpoint }: OpenModel,
  { source, names, hashes, job }: CheckSourcesOptions,
): Promise<void> {
  const files = checkpoint.files.filter(({ name }) => names.includes(name) && hashes[name] !== undefined);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  for (const { name, bytes } of files) {
    const hash = createHash("sha256");
    const file = await source.open(join(checkpoint.directory, name));
    try {
      for (let position = 0; position < bytes; position += BLOCK_BYTES) {
        throwIfAborted(job?.abortSignal);
        const block = new Uint8Array(Math.min(BLOCK_BYTES, bytes - position));
        await file.read(block, position);
        hash.update(block);
        done += block.length;
        job?.onProgress?.({ type: "progress", step: STEP, done, total, unit: "bytes" });
      }
    } finally {
      await file.close();
    }
    const found = hash.digest("hex");
    if (found === hashes[name]) continue;
    throw new RevocabError(
      "hub_damaged",
      `${showText(name, 200)} of ${showText(model, 200)} came with the sha256 ${found}, but it is listed with ${hashes[name]}`,
      { hint: "a proxy or a mirror serves something else, or the connection is bad: try again" },
    );
  }
}
