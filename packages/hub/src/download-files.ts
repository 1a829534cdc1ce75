import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import type { ProgressListener } from "@revocab/core";
import type { RepositoryCache } from "./cache-layout.ts";
import { downloadBlob } from "./download-blob.ts";
import { forEachOf } from "./for-each-of.ts";
import type { HubClient } from "./hub-client.ts";
import type { RepositoryFile, RepositoryListing } from "./list-repository.ts";

export interface DownloadFilesOptions {
  readonly client: HubClient;
  readonly cache: RepositoryCache;
  readonly listing: RepositoryListing;
  readonly files: readonly RepositoryFile[];
  readonly abortSignal?: AbortSignal | undefined;
  readonly onProgress?: ProgressListener | undefined;
  /** Bytes that came over the network. */
  readonly onReceived?: (bytes: number) => void;
}

/** More make a fast network no faster and a slow server slower. */
const AT_A_TIME = 4;

/** Brings files into the cache and links them into the snapshot; what is there already is not asked for again. */
export async function downloadFiles({
  client,
  cache,
  listing,
  files,
  abortSignal,
  onProgress,
  onReceived,
}: DownloadFilesOptions): Promise<void> {
  const { name, commit } = listing;
  const missing: RepositoryFile[] = [];
  const places = new Set<string>();
  for (const file of files) {
    const place = cache.blob(file);
    if (places.has(place) || (await isThere(place, file.bytes))) continue;
    places.add(place);
    missing.push(file);
  }
  const total = missing.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  await forEachOf(missing, AT_A_TIME, (file, stop) =>
    downloadBlob({
      client,
      repository: name,
      commit,
      file,
      place: cache.blob(file),
      abortSignal: abortSignal === undefined ? stop : AbortSignal.any([abortSignal, stop]),
      onBytes(count, from) {
        done += count;
        if (from === "network") onReceived?.(count);
        onProgress?.({ type: "progress", step: "download", done, total, unit: "bytes" });
      },
    }),
  );
  for (const file of files) await cache.link(file, commit);
}

/** A blob takes its place only when its hash was right; the size guards against one that was cut by hand. */
async function isThere(place: string, bytes: number): Promise<boolean> {
  return existsSync(place) && (await stat(place)).size === bytes;
}
