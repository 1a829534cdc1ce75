import { RevocabError, showText, throwIfAborted } from "@revocab/core";
import { copyOnServer, type RefusedCopy } from "./copy-on-server.ts";
import type { GatedWeights } from "./gated-folder.ts";
import type { HubClient } from "./hub-client.ts";
import { listRepository, type RepositoryFile, type RepositoryListing } from "./list-repository.ts";
import type { PublishStreamedOptions } from "./published-folder.ts";

/** The weight files that stayed as they were, as the model's repository lists them. */
export async function unchangedFiles(
  client: HubClient,
  { name, commit }: PublishStreamedOptions["source"],
  weights: readonly GatedWeights[],
): Promise<readonly RepositoryFile[]> {
  const { files } = await listRepository(client, name, commit);
  return weights
    .filter(({ isUnchanged }) => isUnchanged)
    .map(({ path, bytes }) => {
      const listed = files.find((file) => file.path === path);
      if (listed?.bytes === bytes && listed.hash.algorithm === "sha256") return listed;
      throw new RevocabError(
        "hub_damaged",
        `${showText(path, 200)} has ${bytes} bytes, but ${name} at ${commit.slice(0, 12)} lists ` +
          (listed === undefined ? "no such file" : `${listed.bytes} bytes and ${listed.hash.algorithm}`),
        { hint: "the model is of another repository or commit: make it again" },
      );
    });
}

interface CopyPlace {
  readonly client: HubClient;
  readonly repository: string;
  readonly before: RepositoryListing;
  readonly unchanged: readonly RepositoryFile[];
}

/** Copies what the target does not have. @returns what the Hub did not copy, after telling of it */
export async function copyUnchanged(
  options: PublishStreamedOptions,
  { client, repository, before, unchanged }: CopyPlace,
): Promise<readonly RefusedCopy[]> {
  const { source, job } = options;
  const has = new Set(before.files.map(({ hash }) => hash.hex));
  const files = source.name === repository ? [] : unchanged.filter(({ hash }) => !has.has(hash.hex));
  if (files.length === 0) return [];
  throwIfAborted(job?.abortSignal);
  job?.onProgress?.({ type: "step", step: "copy files on the Hub" });
  const refused = await copyOnServer({ client, source: source.name, target: repository, files });
  tellOrRefuse(options, refused);
  return refused;
}

/** @throws RevocabError `hub_failed` where files may not be moved */
export function tellOrRefuse(
  { source, whenRefused, job }: PublishStreamedOptions,
  refused: readonly RefusedCopy[],
): void {
  if (refused.length === 0) return;
  if (whenRefused === "refuse") refuseToMove(source.name, refused);
  const message = `${whatMoves(source.name, refused)} are downloaded and uploaded`;
  job?.onProgress?.({ type: "note", step: "hub", message });
}

/** @throws RevocabError `hub_failed`: the files would have to be moved, and may not */
function refuseToMove(source: string, refused: readonly RefusedCopy[]): never {
  throw new RevocabError(
    "hub_failed",
    `${whatMoves(source, refused)} would have to move through this machine`,
    { hint: "choose a source in the same region that is in Xet storage, or let it move: `remote`" },
  );
}

/** In words: how many files are not copied, how large they are, and why. */
function whatMoves(source: string, refused: readonly RefusedCopy[]): string {
  const bytes = refused.reduce((sum, { file }) => sum + file.bytes, 0);
  const [first] = refused;
  const files = `${refused.length} ${refused.length === 1 ? "file" : "files"}`;
  return `the Hub does not copy ${files} of ${source} (${first?.file.path}: ${first?.reason}): ${bytes.toLocaleString("en")} bytes`;
}
