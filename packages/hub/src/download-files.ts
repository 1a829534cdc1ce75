import { mkdir, stat } from "node:fs/promises";
import { type Job, RevocabError, showText } from "@revocab/core";
import { hashContent } from "@revocab/files";
import { ifThere, requireFreeSpace, writeError } from "@revocab/files/internal";
import { forEachOf } from "@revocab/http/internal";
import type { RepositoryCache } from "./cache-layout.ts";
import { downloadBlob } from "./download-blob.ts";
import type { HubClient } from "./hub-client.ts";
import type { RepositoryFile, RepositoryListing } from "./list-repository.ts";

export interface DownloadFilesOptions {
  readonly client: HubClient;
  readonly cache: RepositoryCache;
  readonly listing: RepositoryListing;
  readonly files: readonly RepositoryFile[];
  readonly job?: Job;
  /** Bytes that came over the network. */
  readonly onReceived?: (bytes: number) => void;
}

/** More make a fast network no faster and a slow server slower. */
const AT_A_TIME = 4;

/** Brings files into the cache and links them into the snapshot; what is there already is not downloaded again. */
export async function downloadFiles({
  client,
  cache,
  listing,
  files,
  job,
  onReceived,
}: DownloadFilesOptions): Promise<void> {
  const { name, commit } = listing;
  const missing: RepositoryFile[] = [];
  const places = new Set<string>();
  for (const file of files) {
    const place = cache.blob(file);
    if (places.has(place)) continue;
    places.add(place);
    const found = await lookAt(place, file, job?.abortSignal);
    if (found === "there") continue;
    if (found === "damaged") {
      const message = `${showText(file.path, 200)} in the cache is not what ${name} lists: it is downloaded again`;
      job?.onProgress?.({ type: "note", step: "hub", message });
    }
    missing.push(file);
  }
  const total = missing.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > 0) {
    await mkdir(cache.directory, { recursive: true }).catch((cause: unknown) => {
      throw writeError(cache.directory, cause);
    });
    await requireFreeSpace(cache.directory, total, "another HF_HOME");
  }
  let done = 0;
  await forEachOf(missing, AT_A_TIME, (file, stop) =>
    downloadBlob({
      client,
      repository: name,
      commit,
      file,
      place: cache.blob(file),
      job: { abortSignal: job?.abortSignal === undefined ? stop : AbortSignal.any([job?.abortSignal, stop]) },
      onBytes(count, from) {
        done += count;
        if (from === "network") onReceived?.(count);
        job?.onProgress?.({ type: "progress", step: "download", done, total, unit: "bytes" });
      },
    }),
  );
  for (const file of files) await cache.link(file, commit);
}

/**
 * A blob took its place when its hash was right, and may have been changed since. Weights are hashed when a report records
 * what they were; where the cache's links do not tell which blob a file is, and smaller files, here.
 */
const HASHED_LATER_BYTES = process.platform === "win32" ? Number.POSITIVE_INFINITY : 64e6;

async function lookAt(
  place: string,
  { bytes, hash }: RepositoryFile,
  abortSignal: AbortSignal | undefined,
): Promise<"there" | "missing" | "damaged"> {
  const stats = await ifThere(place, stat(place));
  if (stats === undefined) return "missing";
  if (!stats.isFile() || stats.size !== bytes) return "damaged";
  if (bytes > HASHED_LATER_BYTES) return "there";
  const digest = await hashContent(place, hash.algorithm, abortSignal).catch((error: unknown) => {
    if (error instanceof RevocabError && error.code === "missing_file") return undefined;
    throw error;
  });
  return digest === hash.hex ? "there" : "damaged";
}
