import { RevocabError, showText } from "@revocab/core";
import { repositoryCache } from "./cache-layout.ts";
import { checkNames } from "./check-names.ts";
import { chooseWeights } from "./choose-weights.ts";
import { downloadFiles } from "./download-files.ts";
import { fromCacheAlone } from "./from-cache-alone.ts";
import type { HubClient } from "./hub-client.ts";
import { listRepository, type RepositoryFile, type RepositoryListing } from "./list-repository.ts";
import { remoteWeights } from "./remote-weights.ts";
import type { ResolvedModel, ResolveOptions, Wanted } from "./resolved-model.ts";
import { isSmallModelFile, isTokenizerFile, MAX_SMALL_FILE_BYTES, partWeights } from "./wanted-files.ts";

/** Brings what is wanted of a repository into the cache, and gives the snapshot's folder. */
export async function fetchRepository(
  client: HubClient,
  reference: { readonly name: string; readonly revision: string },
  { want, abortSignal, onProgress }: ResolveOptions,
): Promise<ResolvedModel> {
  const { name, revision } = reference;
  const cache = repositoryCache(client.settings.cacheDirectory, name);
  if (client.settings.offline) return fromCacheAlone(cache, reference, want);
  onProgress?.({ type: "step", step: `look up ${name}` });
  const listing = await listRepository(client, name, revision);
  const hasWeights = listing.files.some(({ path }) => /\.(safetensors|bin|h5|msgpack|gguf)$/.test(path));
  const kind = want === "any" ? (hasWeights ? "tables" : "tokenizer") : want;

  let received = 0;
  const onReceived = (bytes: number) => {
    received += bytes;
  };
  const download = (files: readonly RepositoryFile[]) =>
    downloadFiles({ client, cache, listing, files, abortSignal, onProgress, onReceived });
  const small = listing.files.filter(kind === "tokenizer" ? isTokenizerFile : isSmallModelFile);
  requireFiles(listing, small, kind);
  checkNames(name, small);
  await download(small);
  const weights = kind === "tokenizer" ? [] : await chooseWeights(listing, cache.snapshot(listing.commit));
  const parts = kind === "model" ? partWeights(listing.files) : [];
  checkNames(name, [...small, ...weights, ...parts]);
  if (kind === "model") await download([...weights, ...parts]);
  await cache.remember(revision, listing.commit);
  const remote =
    kind === "tables"
      ? await remoteWeights({ client, cache, listing, files: weights, abortSignal, onReceived })
      : undefined;
  const ofBytes = [...small, ...weights, ...parts].reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    directory: cache.snapshot(listing.commit),
    repository: { name, commit: listing.commit },
    weights: remote,
    received: () => ({ bytes: received, ofBytes }),
    close: async () => remote?.close(),
  };
}

/** Says at once what a repository lacks, before anything is downloaded. */
function requireFiles(
  { name, files }: RepositoryListing,
  small: readonly RepositoryFile[],
  kind: Exclude<Wanted, "any">,
): void {
  const large = small.find(({ bytes }) => bytes > MAX_SMALL_FILE_BYTES);
  if (large !== undefined) {
    throw new RevocabError(
      "hub_failed",
      `${showText(large.path, 200)} of ${name} has ${large.bytes} bytes; at most ${MAX_SMALL_FILE_BYTES} were expected of such a file`,
      { hint: "this is no ordinary model repository: download it by hand and give the folder" },
    );
  }
  const needed =
    kind === "tokenizer"
      ? small.some(({ path }) => path !== "config.json")
      : small.some(({ path }) => path === "config.json");
  if (needed) return;
  const held = files.slice(0, 5).map(({ path }) => showText(path, 200));
  throw new RevocabError(
    "hub_missing",
    `${name} has ${kind === "tokenizer" ? "no tokenizer" : "no config.json"}; it holds ${held.join(", ") || "no file"}`,
    {
      hint: "give the repository of a transformers model (not of an adapter, a pipeline or a quantized file)",
    },
  );
}
