import type { FileSource } from "@revocab/checkpoint";
import { RevocabError, showText } from "@revocab/core";
import { repositoryCache } from "./cache-layout.ts";
import { downloadFiles } from "./download-files.ts";
import { fromCacheAlone } from "./from-cache-alone.ts";
import { type HubClient, type HubOptions, hubClient } from "./hub-client.ts";
import { hubSettings } from "./hub-settings.ts";
import {
  checkNames,
  listRepository,
  type RepositoryFile,
  type RepositoryListing,
} from "./list-repository.ts";
import { modelReference } from "./model-reference.ts";
import { remoteWeights } from "./remote-weights.ts";
import {
  chooseWeights,
  isSmallModelFile,
  isTokenizerFile,
  MAX_SMALL_FILE_BYTES,
  partWeights,
  type Wanted,
} from "./wanted-files.ts";

export interface ResolveOptions extends HubOptions {
  readonly want: Wanted;
}

/** A folder that library functions work on, wherever it came from. */
export interface ResolvedModel {
  /** A folder, or a tokenizer's own file. */
  readonly directory: string;
  /** `ORG/NAME` and the commit; undefined for a path of this machine. */
  readonly repository: { readonly name: string; readonly commit: string } | undefined;
  /** Where the weight files are read from, when they stay on the Hub. */
  readonly weights: FileSource | undefined;
  /** sha256 in hex of the weight files by name, as the Hub lists them; none for a path of this machine. */
  readonly weightHashes: Readonly<Record<string, string>>;
  /** A folder on the cache's disk that `close` removes, where the weights stay on the Hub. */
  readonly scratch: string | undefined;
  /** What has come over the network so far. */
  received(): Received;
  /** Forgets weights that were read by ranges; downloaded files stay in the cache. */
  close(): Promise<void>;
}

export interface Received {
  /** Bytes of files. */
  readonly bytes: number;
  /** Bytes of all files that the job may read, moved or not. */
  readonly ofBytes: number;
}

/**
 * Finds the model or tokenizer that a name means: a path of this machine, `ORG/NAME`, `ORG/NAME@REVISION` or an address
 * on the Hub. Files of the Hub go to the Hugging Face cache, each verified by its hash; those that are there already are
 * not downloaded again. A path is never looked up.
 *
 * @example
 * const model = await resolveModel("HuggingFaceTB/SmolLM2-135M", { want: "model" });
 * await swapTokenizer({ model: model.directory, … });
 * @throws RevocabError `hub_missing`, `hub_denied`, `hub_unreachable`, `hub_failed`, `hub_damaged`; `missing_file` offline;
 *   `unsupported_checkpoint` for weights in no format that is read; `bad_options`; `no_space`, `write_failed`; `aborted`
 */
export async function resolveModel(text: string, options: ResolveOptions): Promise<ResolvedModel> {
  const settings = options.settings ?? hubSettings();
  const reference = await modelReference(text, settings.endpoint);
  if (reference.kind === "path") {
    return onThisMachine(reference.path, undefined);
  }
  try {
    return await fetchRepository(hubClient(settings, options), reference, options);
  } catch (error) {
    throw /^[a-z]+:\/\//.test(text) ? error : orNoFolder(error, text);
  }
}

function onThisMachine(directory: string, repository: ResolvedModel["repository"]): ResolvedModel {
  return {
    directory,
    repository,
    weights: undefined,
    weightHashes: {},
    scratch: undefined,
    received: () => ({ bytes: 0, ofBytes: 0 }),
    close: async () => {},
  };
}

/** Someone who meant a folder must be told that it is not there. */
function orNoFolder(error: unknown, text: string): unknown {
  const isUnknown =
    error instanceof RevocabError && /^hub_(missing|denied|unreachable)$|^missing_file$/.test(error.code);
  if (!isUnknown) return error;
  const { code, message, hint, cause } = error;
  const added = `there is no folder ${showText(text, 200)} here, so it was taken for a repository`;
  return new RevocabError(code, message, { hint: hint === undefined ? added : `${hint}; ${added}`, cause });
}

/** Brings what is wanted of a repository into the cache, and gives the snapshot's folder. */
async function fetchRepository(
  client: HubClient,
  reference: { readonly name: string; readonly revision: string },
  { want, job }: ResolveOptions,
): Promise<ResolvedModel> {
  const { name, revision } = reference;
  const cache = repositoryCache(client.settings.cacheDirectory, name);
  if (client.settings.offline) {
    const commit = await fromCacheAlone(cache, reference, want);
    return onThisMachine(cache.snapshot(commit), { name, commit });
  }
  job?.onProgress?.({ type: "step", step: `look up ${name}` });
  const listing = await listRepository(client, name, revision);
  const hasWeights = listing.files.some(({ path }) => /\.(safetensors|bin|h5|msgpack|gguf)$/.test(path));
  const kind = want === "any" ? (hasWeights ? "tables" : "tokenizer") : want;

  let received = 0;
  const onReceived = (bytes: number) => {
    received += bytes;
  };
  const download = (files: readonly RepositoryFile[]) =>
    downloadFiles({ client, cache, listing, files, job, onReceived });
  const small = listing.files.filter(kind === "tokenizer" ? isTokenizerFile : isSmallModelFile);
  requireFiles(listing, small, kind);
  checkNames(name, small);
  await download(small);
  const weights = kind === "tokenizer" ? [] : await chooseWeights(listing, cache.snapshot(listing.commit));
  const parts = kind === "model" || kind === "remote" ? partWeights(listing.files) : [];
  checkNames(name, [...small, ...weights, ...parts]);
  await download(kind === "model" ? [...weights, ...parts] : parts);
  await cache.remember(revision, listing.commit);
  const remote =
    kind === "tables" || kind === "remote"
      ? await remoteWeights({ client, cache, listing, files: weights, job, onReceived })
      : undefined;
  const ofBytes = [...small, ...weights, ...parts].reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    directory: cache.snapshot(listing.commit),
    repository: { name, commit: listing.commit },
    weights: remote,
    weightHashes: Object.fromEntries(weights.map(({ path, hash }) => [path, hash.hex])),
    scratch: remote?.scratch,
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
