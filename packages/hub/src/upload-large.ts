import { type Job, throwIfAborted } from "@revocab/core";
import { forEachOf, unusable } from "@revocab/http/internal";
import type { HubClient } from "./hub-client.ts";
import { statusFailure } from "./hub-failure.ts";

/** A file for large-file storage whose hash is known. */
export interface LargeFile {
  readonly path: string;
  readonly bytes: number;
  /** sha256 in hex. */
  readonly sha256: string;
}

interface UploadAction {
  readonly href: string;
  readonly header: Readonly<Record<string, string>>;
}

interface LargeFileOptions {
  readonly client: HubClient;
  readonly repository: string;
  readonly branch: string;
  readonly job?: Job;
}

/** The most that the Hub is asked about at once. */
const MOST_AT_ONCE = 100;
/** Parts of a file that are sent at a time. */
const PARTS_AT_ONCE = 4;

/**
 * Asks which contents a repository does not have, by the batch call of git's large-file protocol.
 * @returns where to send each that is not there, by its sha256
 */
export async function missingContents(
  { client, repository, branch }: LargeFileOptions,
  files: readonly LargeFile[],
): Promise<ReadonlyMap<string, UploadAction>> {
  const missing = new Map<string, UploadAction>();
  const { endpoint } = client.settings;
  const doing = `asking what ${repository} has`;
  for (let i = 0; i < files.length; i += MOST_AT_ONCE) {
    await client.during(doing, async () => {
      const response = await client.fetch(`${endpoint}/${repository}.git/info/lfs/objects/batch`, {
        method: "POST",
        headers: { ...client.authorization, Accept: LFS, "Content-Type": LFS },
        body: JSON.stringify({
          operation: "upload",
          transfers: ["basic", "multipart"],
          hash_algo: "sha_256",
          ref: { name: branch },
          objects: files
            .slice(i, i + MOST_AT_ONCE)
            .map(({ sha256, bytes }) => ({ oid: sha256, size: bytes })),
        }),
      });
      const answer = (await response.json().catch(() => undefined)) as BatchAnswer | undefined;
      if (!response.ok) {
        throw statusFailure(response.status, String(answer?.error ?? ""), doing, client.settings);
      }
      if (!Array.isArray(answer?.objects))
        throw unusable(`${endpoint} answered something that lists no objects`);
      for (const { oid, error, actions } of answer.objects) {
        if (error !== undefined) {
          throw statusFailure(Number(error.code) || 400, String(error.message), doing, client.settings);
        }
        const upload = actions?.upload;
        if (upload !== undefined)
          missing.set(String(oid), { href: String(upload.href), header: upload.header ?? {} });
      }
    });
  }
  return missing;
}

const LFS = "application/vnd.git-lfs+json";

interface BatchAnswer {
  readonly error?: unknown;
  readonly objects?: readonly {
    readonly oid?: unknown;
    readonly error?: { readonly code?: unknown; readonly message?: unknown };
    readonly actions?: {
      readonly upload?: { readonly href?: unknown; readonly header?: Record<string, string> };
    };
  }[];
}

/**
 * Uploads a file unless the repository has its content: in one request, or in parts, each of which is sent again by itself
 * when its connection breaks.
 * @returns whether it was sent
 */
export async function uploadLarge(
  options: LargeFileOptions,
  file: LargeFile,
  content: Blob,
): Promise<boolean> {
  const { client, repository, job } = options;
  // asked for each file when its turn comes: the addresses expire
  const action = (await missingContents(options, [file])).get(file.sha256);
  if (action === undefined) return false;
  const doing = `uploading ${file.path} to ${repository}`;
  await client.during(doing, async () => {
    const put = async (address: string | undefined, body: Blob): Promise<Response> => {
      throwIfAborted(job?.abortSignal);
      if (address === undefined) throw unusable("the Hub does not say where a part of a file goes");
      const response = await client.fetch(address, { method: "PUT", body });
      if (response.ok) return response;
      const { error } = (await response.json()) as { error: string };
      throw statusFailure(response.status, error, doing, client.settings);
    };
    const partBytes = Number(action.header.chunk_size);
    if (!(partBytes > 0)) {
      await put(action.href, content);
      return;
    }
    const count = Math.ceil(file.bytes / partBytes);
    const names = Object.keys(action.header).filter((key) => /^\d+$/.test(key));
    if (names.length !== count) {
      throw unusable(`the Hub wants ${names.length} parts of ${partBytes} bytes of a file of ${file.bytes}`);
    }
    const addresses = new Map(names.map((name) => [Number(name), action.header[name]]));
    const tags: string[] = [];
    await forEachOf([...Array(count).keys()], PARTS_AT_ONCE, async (part) => {
      const start = part * partBytes;
      const body = content.slice(start, Math.min(start + partBytes, file.bytes));
      tags[part] = (await put(addresses.get(part + 1), body)).headers.get("ETag") ?? "";
    });
    const response = await client.fetch(action.href, {
      method: "POST",
      headers: { Accept: LFS, "Content-Type": LFS },
      body: JSON.stringify({
        oid: file.sha256,
        parts: tags.map((etag, part) => ({ partNumber: part + 1, etag })),
      }),
    });
    if (response.ok) return;
    const { error } = (await response.json()) as { error: string };
    throw statusFailure(response.status, error, doing, client.settings);
  });
  return true;
}
