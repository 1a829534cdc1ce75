import { setTimeout } from "node:timers/promises";
import { type CommitOutput, type CommitProgressEvent, commitIter } from "@huggingface/hub";
import { type Job, RevocabError, throwIfAborted } from "@revocab/core";
import { DiskBlob } from "./disk-blob.ts";
import type { HubClient } from "./hub-client.ts";
import type { FolderFile, SeenFolder } from "./seen-folder.ts";

interface CommitFolderOptions {
  readonly client: HubClient;
  readonly repository: string;
  readonly folder: SeenFolder;
  readonly files: readonly FolderFile[];
  /** Paths on the Hub that go. */
  readonly deleted: readonly string[];
  readonly branch: string;
  readonly isPullRequest: boolean;
  /** The commit that this one follows; another one in between is an error. */
  readonly parent: string;
  readonly title: string;
  readonly description: string;
  readonly uploads: Uploads;
  readonly job?: Job;
}

/** What has been sent of request bodies that are files. */
export interface Uploads {
  sent: number;
  onChange?: () => void;
}

/**
 * Uploads files and makes them one commit: hashes the large ones, uploads what the Hub does not have, then commits. Files
 * are streamed from the disk; one that changed since it was looked at is an error, and nothing is committed.
 *
 * Large files go over the large-file protocol (one PUT, or parts), which every Hub speaks; the newer Xet protocol of the
 * library holds blocks of 64 MB in memory and computes more than it sends on a fast network.
 */
export async function commitFolder(options: CommitFolderOptions): Promise<CommitOutput> {
  const { client, repository, folder, files, deleted, branch, isPullRequest, job } = options;
  // the library asks an aborted signal nothing: it would commit
  throwIfAborted(job?.abortSignal);
  const events = commitIter({
    ...client.parameters,
    repo: repository,
    title: options.title,
    description: options.description,
    branch,
    isPullRequest,
    parentCommit: options.parent,
    useXet: false,
    abortSignal: job?.abortSignal,
    operations: [
      ...deleted.map((path) => ({ operation: "delete" as const, path })),
      ...files.map(({ path, bytes }) => ({
        operation: "addOrUpdate" as const,
        path,
        content: new DiskBlob(folder, path, 0, bytes),
      })),
    ],
  });
  const report = progressOf(options);
  try {
    for (;;) {
      const next = await events.next();
      if (next.done && next.value !== undefined) return next.value;
      if (next.done) throw new Error("a commit of files gave no commit");
      throwIfAborted(job?.abortSignal);
      report(next.value);
    }
  } catch (error) {
    if (!(error instanceof RevocabError)) throwIfAborted(job?.abortSignal);
    throw error;
  }
}

function progressOf({ files, uploads, job }: CommitFolderOptions): (event: CommitProgressEvent) => void {
  const sizes = new Map(files.map(({ path, bytes }) => [path, bytes]));
  const hashed = new Map<string, number>();
  /** Large files that the Hub does not have yet. */
  const uploading = new Set<string>();
  const totalOf = (paths: Iterable<string>) => sum(Array.from(paths, (path) => sizes.get(path) ?? 0));
  const tell = (step: string, bytes: number, total: number) => {
    const done = Math.min(total, Math.round(bytes));
    if (total > 0) job?.onProgress?.({ type: "progress", step, done, total, unit: "bytes" });
  };
  uploads.onChange = () => tell("upload", uploads.sent, totalOf(uploading));
  return (event) => {
    if (event.event === "phase") job?.onProgress?.({ type: "step", step: STEPS[event.phase] });
    else if (event.state === "hashing") {
      hashed.set(event.path, event.progress * (sizes.get(event.path) ?? 0));
      tell("hash", sum(hashed.values()), totalOf(hashed.keys()));
    } else if (event.progress === 0) uploading.add(event.path);
  };
}

const STEPS = {
  preuploading: "ask the Hub what to upload",
  uploadingLargeFiles: "upload large files",
  committing: "commit",
} as const;

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

interface CarefulCommitOptions {
  /** Sends a commit once, and cannot be stopped while it is on its way. */
  readonly fetch: typeof fetch;
  readonly isPullRequest: boolean;
  readonly job?: Job;
  /**
   * Called when a commit was sent and no answer came: the commit that is there now and holds what was sent, undefined
   * when the branch is where it was, or a failure when it is somewhere else.
   */
  readonly findCommit: () => Promise<string | undefined>;
  /** Times a commit is sent that is found not to be there. @default 5 */
  readonly attempts?: number;
  /** Milliseconds, doubled each time. @default 1000 */
  readonly firstDelay?: number;
}

/**
 * A `fetch` that never repeats a commit blindly: when the answer to one is lost, it looks at the branch before it sends
 * the commit again. For a pull request there is no branch to look at, so it is sent once.
 */
export function carefulCommit(options: CarefulCommitOptions): typeof fetch {
  const { isPullRequest, job, findCommit, attempts = 5, firstDelay = 1000 } = options;
  return async (input, init = {}) => {
    const url = String(input);
    if (init.method !== "POST" || !isCommit(url)) return options.fetch(input, init);
    throwIfAborted(job?.abortSignal);
    for (let attempt = 1; ; attempt++) {
      const outcome = await options.fetch(input, init).catch((error: unknown) => error as Error);
      // stopped before it was sent
      if (outcome instanceof RevocabError) throw outcome;
      const isUncertain = !(outcome instanceof Response) || outcome.status >= 500 || outcome.status === 412;
      if (!isUncertain) return outcome;
      if (isPullRequest)
        throw uncertain("a pull request was sent, and the Hub did not say whether it was opened");
      const commit = await findCommit().catch((error: unknown) => {
        if (error instanceof RevocabError && error.code === "hub_failed") throw error;
        throw uncertain(
          "a commit was sent, the Hub did not say whether it was made, and then could not be asked",
        );
      });
      if (commit !== undefined) return Response.json({ success: true, commitOid: commit });
      if (attempt >= attempts) {
        if (outcome instanceof Response) return outcome;
        throw outcome;
      }
      throwIfAborted(job?.abortSignal);
      await setTimeout(firstDelay * 2 ** (attempt - 1));
    }
  };
}

/** Whether a request makes a commit: it must not be repeated blindly. */
export function isCommit(url: string): boolean {
  return /\/api\/models\/[^/]+\/[^/]+\/commit\//.test(url);
}

function uncertain(what: string): RevocabError {
  return new RevocabError("hub_unreachable", what, {
    hint: "look at the repository's page before publishing again",
  });
}
