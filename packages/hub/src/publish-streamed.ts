import { createHash } from "node:crypto";
import { join } from "node:path";
import { type FileSource, readSafetensorsHeader } from "@revocab/checkpoint";
import { type Job, RevocabError, showText, throwIfAborted } from "@revocab/core";
import { askUploadModes } from "./ask-upload-modes.ts";
import { checkPublished, differences } from "./check-published.ts";
import { carefulCommit, isCommit } from "./commit-folder.ts";
import { copyOnServer, type RefusedCopy, refuseToMove, whatMoves } from "./copy-on-server.ts";
import { DiskBlob } from "./disk-blob.ts";
import { type GatedWeights, gatedFolder, type WeightsPlace } from "./gated-folder.ts";
import { type HubClient, hubClient } from "./hub-client.ts";
import { hubSettings } from "./hub-settings.ts";
import { listRepository, type RepositoryListing } from "./list-repository.ts";
import { checkRepositoryName } from "./model-reference.ts";
import { keptFiles, staleFiles } from "./other-files.ts";
import { prepareRepository, requireToken, startOf } from "./prepare-repository.ts";
import type { PublishedFolder, PublishOptions } from "./published-folder.ts";
import { hasMoved, messageOf, notLookedAt } from "./publishing-messages.ts";
import { readRange } from "./read-range.ts";
import { refuseSecrets, refuseSecretTexts } from "./refuse-secrets.ts";
import { type FolderFile, folderFiles, SeenFolder } from "./seen-folder.ts";
import { sendCommit } from "./send-commit.ts";
import { type ReadStretch, StreamedBlob } from "./streamed-blob.ts";
import { type LargeFile, missingContents, uploadLarge } from "./upload-large.ts";

export interface PublishStreamedOptions extends Omit<PublishOptions, "pullRequest" | "dryRun"> {
  /** Reads the model's weight files, as if they lay in `folder`. */
  readonly weights: FileSource;
  /** The model's own repository, which has the weight files that stayed as they were. */
  readonly source: { readonly name: string; readonly commit: string };
  /**
   * What happens to files that the Hub does not copy: they are downloaded and uploaded, or nothing is published.
   * @default "move"
   */
  readonly whenRefused?: "move" | "refuse";
}

/** What was published, and how its weights came there. */
export interface PublishedModel extends PublishedFolder {
  /** Weight files that the Hub copied, or had already: no byte of them was moved. */
  readonly copied: readonly FolderFile[];
  /** Weight files that stayed as they were, and were moved through this machine because the Hub did not copy them. */
  readonly moved: readonly FolderFile[];
  /** Bytes of files that were sent. */
  readonly sent: number;
}

/**
 * Publishes a model whose weight files lie nowhere as one commit: the Hub copies the files that stayed as they were from
 * the model's own repository, and the others are read and sent. Afterwards the commit is listed and compared, and the
 * header of each copied file is read.
 *
 * @throws RevocabError as `publishFolder` does; `hub_failed` with `whenRefused: "refuse"` when the Hub does not copy a file
 */
export async function publishStreamed(options: PublishStreamedOptions): Promise<PublishedModel> {
  const { folder, to, branch = "main", allowFiles = [], weights, source, job } = options;
  const settings = options.settings ?? hubSettings();
  const repository = checkRepositoryName(to);
  const token = requireToken(settings);
  const seen = new SeenFolder(folder);
  const gated = await gatedFolder(seen, allowFiles, job?.abortSignal, placeOf(folder, weights));
  const small = await folderFiles(seen);
  await refuseSecrets({ folder: seen, files: small, weights: [], token, allowFiles, job });
  const { title, description } = messageOf(options.title, gated);
  refuseSecretTexts(
    { "the title": title, "the description": description, "the branch": branch, "the repository": to },
    token,
  );

  const uploads = uploadProgress(job);
  const client = hubClient(settings, { ...options, onSent: uploads.add, isOnce: isCommit });
  const quiet = hubClient(settings, { ...options, job: { ...job, abortSignal: undefined } });
  const isNew = await prepareRepository(client, repository, options);
  const before = await listRepository(client, repository, await startOf(client, repository, options));
  const files = [...small, ...gated.weights.map(({ path, bytes }) => ({ path, bytes }))].sort(byPath);
  const place = { client, repository, branch, ...(job && { job }) };

  const unchanged = await unchangedFiles(client, source, gated.weights);
  const refused = await copyUnchanged(options, { client, repository, before, unchanged });
  const streamed = gated.weights.filter(({ isUnchanged }) => !isUnchanged);
  const large = [...(await hashStreamed(options, streamed)), ...unchanged.map(largeOf)];
  const modes = await uploadModes(place, seen, small);
  for (const path of modes.large) large.push(await largeInFolder(seen, path));

  const blobOf = (file: LargeFile): Blob =>
    gated.weights.some(({ path }) => path === file.path)
      ? new StreamedBlob(stretchesOf(weights, join(folder, file.path)), file.bytes)
      : new DiskBlob(seen, file.path, 0, file.bytes);
  const upload = async (wanted: readonly LargeFile[]) => {
    job?.onProgress?.({ type: "step", step: "upload large files" });
    uploads.expect(wanted);
    for (const file of wanted) await uploadLarge(place, file, blobOf(file));
  };
  const moved = new Set(refused.map(({ file }) => file.path));
  const isCopied = ({ path }: { readonly path: string }) =>
    unchanged.some((file) => file.path === path) && !moved.has(path);
  await upload(large.filter((file) => !isCopied(file)));

  const careful = carefulCommit({
    ...options,
    fetch: client.fetch,
    isPullRequest: false,
    findCommit: async () => {
      const now = await listRepository(quiet, repository, branch);
      if (now.commit === before.commit) return undefined;
      const isOurs = (await differences(seen, small, now)).length + unlike(large, now).length === 0;
      if (isOurs) return now.commit;
      throw hasMoved(repository, branch, now.commit);
    },
  });
  const deleted = staleFiles(before.files, files);
  const content = {
    parent: before.commit,
    title: title.slice(0, 200),
    description,
    large,
    deleted,
    small: await Promise.all(modes.small.map((path) => contentOf(seen, path))),
  };
  throwIfAborted(job?.abortSignal);
  job?.onProgress?.({ type: "step", step: "commit" });
  const commit = await sendCommit(place, content, careful).catch(async (error: unknown) => {
    // the Hub said that it had copied a file, and does not have it
    const lost = await lostCopies(place, error, large.filter(isCopied));
    if (lost.length === 0) throw error;
    const refusedNow = lost.map((lostFile) => ({
      file: unchanged.find(({ path }) => path === lostFile.path)!,
      reason: "it was said to be copied, and is not there",
    }));
    tellOrRefuse(options, refusedNow);
    for (const { path } of lost) moved.add(path);
    await upload(lost);
    return sendCommit(place, content, careful);
  });

  const url = `${settings.endpoint}/${repository}`;
  const page = `${url}/commit/${commit}`;
  const after = await listRepository(quiet, repository, commit).catch((error: unknown) => {
    throw notLookedAt(error, page);
  });
  await checkPublished(seen, small, after);
  await checkLarge(quiet, { after, large, headers: gated.weights.filter(isCopied), page, weights, folder });
  const pick = (isWanted: (file: { readonly path: string }) => boolean) =>
    unchanged.filter(isWanted).map(({ path, bytes }) => ({ path, bytes }));
  return {
    repository,
    url,
    isNew,
    branch,
    commit,
    pullRequest: null,
    files,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    deleted,
    kept: keptFiles(after.files, files, []),
    copied: pick(isCopied),
    moved: pick((file) => !isCopied(file)),
    sent: uploads.sent(),
  };
}

function byPath(a: FolderFile, b: FolderFile): number {
  return a.path < b.path ? -1 : 1;
}

/** Where the gate's figures of weight files are compared: they lie in no folder. */
function placeOf(folder: string, weights: FileSource): WeightsPlace {
  return {
    async look(name) {
      const path = join(folder, name);
      const { bytes, dataStart } = await readSafetensorsHeader(path, weights);
      const header = new Uint8Array(dataStart);
      await withFile(weights, path, (file) => file.read(header, 0));
      return { bytes, headerSha256: createHash("sha256").update(header).digest("hex") };
    },
  };
}

async function withFile<Result>(
  weights: FileSource,
  path: string,
  use: (file: Awaited<ReturnType<FileSource["open"]>>) => Promise<Result>,
): Promise<Result> {
  const file = await weights.open(path);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** The weight files that stayed as they were, as the model's repository lists them. */
async function unchangedFiles(
  client: HubClient,
  { name, commit }: PublishStreamedOptions["source"],
  weights: readonly GatedWeights[],
): Promise<RepositoryListing["files"]> {
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
  readonly unchanged: RepositoryListing["files"];
}

/** Copies what the target does not have. @returns what the Hub did not copy, after telling of it */
async function copyUnchanged(
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
function tellOrRefuse({ source, whenRefused, job }: PublishStreamedOptions, refused: readonly RefusedCopy[]): void {
  if (refused.length === 0) return;
  if (whenRefused === "refuse") refuseToMove(source.name, refused);
  const message = `${whatMoves(source.name, refused)} are downloaded and uploaded`;
  job?.onProgress?.({ type: "note", step: "hub", message });
}

/** Hashes files that are put together as they are read: the Hub wants a file's hash before its first byte. */
async function hashStreamed(
  { folder, weights, job }: PublishStreamedOptions,
  files: readonly GatedWeights[],
): Promise<readonly LargeFile[]> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const hashed: LargeFile[] = [];
  for (const { path, bytes } of files) {
    const hash = createHash("sha256");
    for await (const block of stretchesOf(weights, join(folder, path))(0, bytes)) {
      throwIfAborted(job?.abortSignal);
      hash.update(block);
      done += block.length;
      job?.onProgress?.({ type: "progress", step: "hash", done, total, unit: "bytes" });
    }
    hashed.push({ path, bytes, sha256: hash.digest("hex") });
  }
  return hashed;
}

/** A request for a range takes as long as 8 MB of it on a connection of 1 Gbit/s and 60 ms. */
const BLOCK_BYTES = 16 << 20;

/** Reads a weight file in blocks, the next one while one is used. */
function stretchesOf(weights: FileSource, path: string): ReadStretch {
  return async function* (start, end) {
    const file = await weights.open(path);
    try {
      if (file.stream !== undefined) {
        yield* file.stream(start, end);
        return;
      }
      const readFrom = async (position: number) => {
        const block = new Uint8Array(Math.min(BLOCK_BYTES, end - position));
        await file.read(block, position);
        return block;
      };
      let coming = start < end ? readFrom(start) : undefined;
      for (let position = start; coming !== undefined; ) {
        const block: Uint8Array = await coming;
        position += block.length;
        coming = position < end ? readFrom(position) : undefined;
        coming?.catch(() => {}); // thrown when it is awaited
        yield block;
      }
    } finally {
      await file.close();
    }
  };
}

function largeOf({ path, bytes, hash }: RepositoryListing["files"][number]): LargeFile {
  return { path, bytes, sha256: hash.hex };
}

async function largeInFolder(folder: SeenFolder, path: string): Promise<LargeFile> {
  const { handle, bytes } = await folder.open(path);
  await handle.close();
  const { sha256 } = folder.hashesOf(path) ?? (await folder.read(path));
  return { path, bytes, sha256 };
}

async function contentOf(folder: SeenFolder, path: string) {
  const { handle, bytes } = await folder.open(path);
  await handle.close();
  return { path, content: new Uint8Array(await new DiskBlob(folder, path, 0, bytes).arrayBuffer()) };
}

/** Asks which of the small files belong into large-file storage. */
async function uploadModes(
  { client, repository, branch }: { readonly client: HubClient; readonly repository: string; readonly branch: string },
  folder: SeenFolder,
  files: readonly FolderFile[],
): Promise<{ readonly large: readonly string[]; readonly small: readonly string[] }> {
  const samples = await Promise.all(
    files.map(async ({ path, bytes }) => {
      const sample = await new DiskBlob(folder, path, 0, Math.min(bytes, 512)).arrayBuffer();
      return { path, size: bytes, sample: Buffer.from(sample).toString("base64") };
    }),
  );
  const large = await askUploadModes(client, repository, branch, samples);
  const paths = files.map(({ path }) => path);
  return {
    large: paths.filter((path) => large.has(path)),
    small: paths.filter((path) => !large.has(path)),
  };
}

/** Which copied files the repository does not have though a commit named them; none when the commit failed for another reason. */
async function lostCopies(
  place: Parameters<typeof missingContents>[0],
  error: unknown,
  copied: readonly LargeFile[],
): Promise<readonly LargeFile[]> {
  if (!(error instanceof RevocabError) || error.code !== "hub_failed" || copied.length === 0) return [];
  const missing = await missingContents(place, copied);
  return copied.filter(({ sha256 }) => missing.has(sha256));
}

/** Large files that a commit does not have as they were to be, in words. */
function unlike(large: readonly LargeFile[], { files }: RepositoryListing): string[] {
  return large.flatMap(({ path, bytes, sha256 }) => {
    const there = files.find((file) => file.path === path);
    if (there === undefined) return [`${showText(path, 200)} is missing`];
    return there.bytes === bytes && there.hash.hex === sha256 ? [] : [`${showText(path, 200)} has another content there`];
  });
}

interface PublishedLarge {
  readonly after: RepositoryListing;
  readonly large: readonly LargeFile[];
  /** Of the files that the Hub copied. */
  readonly headers: readonly GatedWeights[];
  readonly page: string;
  readonly weights: FileSource;
  readonly folder: string;
}

/**
 * Compares the large files of a commit with what they were to be, and the headers of copied ones, byte by byte, with those that passed
 * the gate.
 * @throws RevocabError `hub_damaged`
 */
async function checkLarge(
  client: HubClient,
  { after, large, headers, page, weights, folder }: PublishedLarge,
): Promise<void> {
  const found = unlike(large, after);
  for (const { path, headerSha256 } of headers) {
    const file = after.files.find((one) => one.path === path);
    if (found.length > 0 || file === undefined) break;
    const { dataStart } = await readSafetensorsHeader(join(folder, path), weights);
    const hash = createHash("sha256");
    const range = { client, repository: after.name, commit: after.commit, file, start: 0, end: dataStart };
    await readRange(range, async (bytes) => void hash.update(bytes));
    if (hash.digest("hex") !== headerSha256) found.push(`the copy of ${showText(path, 200)} begins with another header`);
  }
  if (found.length === 0) return;
  throw new RevocabError(
    "hub_damaged",
    `published as ${page}, but it is not what passed the gate: ${found.slice(0, 5).join("; ")}`,
    { hint: "do not use that commit: go back to the one before it on the repository's page, and publish again" },
  );
}

/** Counts what is sent of large files. */
function uploadProgress(job: Job | undefined) {
  let sent = 0;
  let total = 0;
  return {
    sent: () => sent,
    expect(files: readonly LargeFile[]) {
      total += files.reduce((sum, { bytes }) => sum + bytes, 0);
    },
    add(bytes: number) {
      sent += bytes;
      const done = Math.max(0, Math.min(sent, total));
      job?.onProgress?.({ type: "progress", step: "upload", done, total, unit: "bytes" });
    },
  };
}
