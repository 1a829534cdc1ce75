import { createHash } from "node:crypto";
import { join } from "node:path";
import type { FileSource } from "@revocab/checkpoint";
import { readRawHeader } from "@revocab/checkpoint/internal";
import { type Job, RevocabError, throwIfAborted } from "@revocab/core";
import { checkLarge, unlike } from "./check-large.ts";
import { checkPublished, differences } from "./check-published.ts";
import { carefulCommit, isCommit } from "./commit-folder.ts";
import { copyUnchanged, tellOrRefuse, unchangedFiles } from "./copy-unchanged.ts";
import { DiskBlob } from "./disk-blob.ts";
import { gatedFolder, type WeightsPlace } from "./gated-folder.ts";
import { hubClient } from "./hub-client.ts";
import { hubSettings } from "./hub-settings.ts";
import { listRepository, type RepositoryFile } from "./list-repository.ts";
import { checkRepositoryName } from "./model-reference.ts";
import { keptFiles, staleFiles } from "./other-files.ts";
import { prepareRepository, requireToken, startOf } from "./prepare-repository.ts";
import type { PublishedModel, PublishStreamedOptions } from "./published-folder.ts";
import { hasMoved, messageOf, notLookedAt } from "./publishing-messages.ts";
import { refuseSecretHeader, refuseSecrets, refuseSecretTexts, requireAllowed } from "./refuse-secrets.ts";
import { type FolderFile, folderFiles, SeenFolder } from "./seen-folder.ts";
import { sendCommit } from "./send-commit.ts";
import { contentOf, largeInFolder, uploadModes } from "./small-files.ts";
import { StreamedBlob } from "./streamed-blob.ts";
import { hashStreamed, stretchesOf } from "./streamed-weights.ts";
import { type LargeFile, missingContents, uploadLarge } from "./upload-large.ts";

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
  const paths = [...small, ...gated.weights].map(({ path }) => path);
  requireAllowed(folder, allowFiles, [...gated.contents, ...paths]);
  await refuseSecrets({ folder: seen, files: small, weights: [], token, allowFiles, job });
  for (const { path } of gated.weights) {
    refuseSecretHeader(path, await readRawHeader(join(folder, path), weights), { token, allowFiles });
  }
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
    async bytesOf(name) {
      const file = await weights.open(join(folder, name));
      await file.close();
      return file.bytes;
    },
    async headerSha256Of(name) {
      const header = await readRawHeader(join(folder, name), weights);
      return createHash("sha256").update(header).digest("hex");
    },
  };
}

function largeOf({ path, bytes, hash }: RepositoryFile): LargeFile {
  return { path, bytes, sha256: hash.hex };
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
